"""A part of `python -m benchmarks.importers`, which imports thousands of files."""

import tempfile
from pathlib import Path

import pytest

from benchmarks.damage import valid_files
from benchmarks.hostile import hostile_file
from benchmarks.import_file import import_file


@pytest.mark.parametrize("importer", valid_files())
def test_what_was_not_damaged_is_accepted(importer: str, tmp_path: Path) -> None:
    assert [import_file(importer, content, tmp_path) for content in valid_files()[importer]] == ["accepted"] * len(
        valid_files()[importer]
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("default")  # of libraries, about what they read; none of them may be an error
@pytest.mark.parametrize("first", range(0, 200, 50))
def test_hostile_files_are_accepted_or_refused_and_leave_nothing(
    first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    outcomes = {number: import_file(*hostile_file(number, seed=1), tmp_path) for number in range(first, first + 50)}
    assert {number: outcome for number, outcome in outcomes.items() if outcome not in ("accepted", "refused")} == {}
    assert list(tmp_path.iterdir()) == []
