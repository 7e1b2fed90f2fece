"""A part of `python -m benchmarks.importers`, which judges thousands."""

import tempfile
from pathlib import Path

import pytest

from benchmarks.damage import good
from benchmarks.hostile import case
from benchmarks.intake import judged


@pytest.mark.parametrize("importer", good())
def test_what_was_not_damaged_is_accepted(importer: str, tmp_path: Path) -> None:
    assert [judged(importer, content, tmp_path) for content in good()[importer]] == ["accepted"] * len(good()[importer])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("default")  # of libraries, about what they read; none of them may be an error
@pytest.mark.parametrize("first", range(0, 200, 50))
def test_hostile_files_are_accepted_or_refused_and_leave_nothing(
    first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    told = {number: judged(*case(number, seed=1), tmp_path) for number in range(first, first + 50)}
    assert {number: text for number, text in told.items() if text not in ("accepted", "refused")} == {}
    assert list(tmp_path.iterdir()) == []
