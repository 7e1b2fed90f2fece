"""The order of the tests, and which of them share a process."""

from pathlib import Path

import pytest
import torch
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

LAST = (Path(__file__).parent / "export", Path(__file__).parent / "takehome/test_files.py")
"""What loads onnxruntime."""


def pytest_sessionstart() -> None:
    """One thread, as a worker has: those of several wait for each other on a busy machine, and their sums differ."""
    torch.set_num_threads(1)


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
