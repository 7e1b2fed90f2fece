"""The order of the tests."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that load onnxruntime come last: in a process where it is loaded, a backward pass of torch can abort."""
    items.sort(key=lambda item: "export" in item.path.parts)
