from collections.abc import Hashable
from pathlib import Path

import pytest

from cnnviz.ui.result import written_files
from cnnviz.ui.result.written_files import WrittenFile, store_file


def test_files_wait_side_by_side_and_leave_nothing_behind(tmp_path: Path) -> None:
    files: dict[Hashable, WrittenFile] = {}
    for name in ("a", "b"):
        store_file(files, name, name.encode() * 1000, tmp_path / "cache")
    assert {name: file.read() for name, file in files.items()} == {"a": b"a" * 1000, "b": b"b" * 1000}
    assert files["a"].read() == b"a" * 1000  # again
    assert list((tmp_path / "cache").iterdir()) == []


def test_the_oldest_go_where_all_together_take_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written_files, "MAX_FILES_BYTES", 10)
    files: dict[Hashable, WrittenFile] = {}
    for name, size in (("a", 10), ("b", 5), ("c", 5), ("d", 11)):
        store_file(files, name, bytes(size), tmp_path)
        assert {"a": ["a"], "b": ["b"], "c": ["b", "c"], "d": ["d"]}[name] == list(files)
