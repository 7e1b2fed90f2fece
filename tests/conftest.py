"""The order of the tests, and which of them share a process."""

from pathlib import Path

import pytest

BROWSER = Path(__file__).parent / "browser"
LAST = (Path(__file__).parent / "export", Path(__file__).parent / "takehome/test_files.py")
"""What loads onnxruntime."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Two processes share the tests: those with a browser are one's, so that never two browsers run at a time.

    Of the others, each file is one's, with the servers that its tests share. Tests that load onnxruntime come last:
    whole runs in which it was loaded before torch trained have aborted.
    """
    items.sort(key=lambda item: any(item.path.is_relative_to(last) for last in LAST))
    for item in items:
        group = "browser" if item.path.is_relative_to(BROWSER) else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
