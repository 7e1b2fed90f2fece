"""The order of the tests, and which of them share a process."""

import os
from pathlib import Path

import pytest
import torch
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

LOWEST = 19
"""The priority of a worker, and of all that is as niced as can be."""
LAST = (Path(__file__).parent / "export", Path(__file__).parent / "takehome/test_files.py")
"""What loads onnxruntime."""


def pytest_sessionstart() -> None:
    """Take no more than one thread, and give way to others as much as a worker does.

    Threads that wait for each other on a busy machine make small nets slow. And workers are niced: what waits for one
    in this process would wait for long, with the tests of the other process before it.
    """
    torch.set_num_threads(1)
    if hasattr(os, "nice"):
        os.nice(LOWEST)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that load onnxruntime come last: whole runs in which it was loaded before torch trained have aborted."""
    items.sort(key=lambda item: any(item.path.is_relative_to(last) for last in LAST))


class Shared(LoadScopeScheduling):
    """A file is one process's, with the servers that its tests share; all files with a browser are the same one's.

    So never two browsers run at a time. pytest-xdist's own groups go by names of tests, which pytest 9 keeps.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "browser" if file.startswith("tests/browser/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Shared:
    """Two processes share the tests, in the order in which they were collected."""
    config.option.loadscopereorder = False
    return Shared(config, log)
