"""The order of the tests."""

from pathlib import Path

import pytest

LAST = (Path(__file__).parent / "export", Path(__file__).parent / "takehome/test_files.py")
"""What loads onnxruntime."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that load onnxruntime come last: whole runs in which it was loaded before torch trained have aborted."""
    items.sort(key=lambda item: any(item.path.is_relative_to(last) for last in LAST))
