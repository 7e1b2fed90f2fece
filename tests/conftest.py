"""The order of the tests, the threads that they take, and what hypothesis makes up."""

from pathlib import Path

import pytest
import torch
from hypothesis import settings

LAST = (Path(__file__).parent / "export", Path(__file__).parent / "takehome/test_files.py")
"""What loads onnxruntime."""

# the same examples every time, so that a change is judged by itself; --hypothesis-profile=default looks for others
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")


def pytest_sessionstart() -> None:
    """One thread, as a worker has: those of several wait for each other on a busy machine, and their sums differ."""
    torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that load onnxruntime come last: whole runs in which it was loaded before torch trained have aborted."""
    items.sort(key=lambda item: any(item.path.is_relative_to(last) for last in LAST))
