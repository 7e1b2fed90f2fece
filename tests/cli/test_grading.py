"""`grade`: a folder of zips, of submissions or of runs taken home."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from cnnviz.classroom.assignment import Assignment
from cnnviz.classroom.checks import HiddenAccuracy, OneChange, ValidationAccuracy
from cnnviz.data import DATASETS
from cnnviz.takehome.pack import pack
from cnnviz.training.point import VALIDATION
from cnnviz.words import FORMULA_BEGINNINGS
from tests.classroom.made_submissions import KEY, signed_zip
from tests.cli.conftest import RunCommand
from tests.takehome.run_archives import trained_archive


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def zips(folder: Path) -> Path:
    target = folder / "zips"
    target.mkdir()
    for number in (1, 2):
        (target / f"{number}.zip").write_bytes(signed_zip(number))
    (target / "broken.zip").write_bytes(b"PK nothing")
    return target


def test_every_zip_has_a_row_whatever_comes_of_it(cnnviz: RunCommand, zips: Path, folder: Path) -> None:
    (folder / "key.txt").write_text(KEY.hex(), encoding="ascii")
    answer = cnnviz("grade", "zips", "--key", "key.txt")
    assert answer.exit_code == 0, answer.output
    first, second, broken = rows(answer.stdout)
    assert [first["file"], second["file"], broken["file"]] == ["1.zip", "2.zip", "broken.zip"]
    assert first["signature"] == "valid"
    assert first["validation"].endswith("/180")
    assert first["late"] == "yes"
    assert broken["remark"]
    assert all(not cell.startswith(FORMULA_BEGINNINGS) for row in (first, second, broken) for cell in row.values())
    assert "\u2060=Student 1" in first["name"]


def test_a_run_taken_home_is_graded_by_the_assignment_and_the_hidden_samples(cnnviz: RunCommand, folder: Path) -> None:
    """The accuracy is the one that the training itself has reported; the hidden samples are here its test part."""
    archive = trained_archive()
    (folder / "runs").mkdir()
    (folder / "runs" / "anna.zip").write_bytes(pack(archive, {}))
    task = Assignment(
        title="Digits",
        design=archive.architecture,
        config=archive.config,
        checks=(ValidationAccuracy(at_least=0.5), HiddenAccuracy(at_least=0.5), OneChange()),
    )
    (folder / "assignment.json").write_text(task.model_dump_json(), encoding="utf-8")
    test = DATASETS["digits"].load_splits().test
    np.save(folder / "x.npy", np.concatenate([test.x] * 2))  # every class has ten samples or more
    np.save(folder / "y.npy", np.concatenate([test.y] * 2))
    answer = cnnviz("grade", "runs", "--assignment", "assignment.json", "--hidden", "x.npy", "y.npy")
    assert answer.exit_code == 0, answer.output
    (row,) = rows(answer.stdout)
    best = [
        point.value
        for point in archive.points
        if (point.split, point.metric, point.epoch) == (VALIDATION, "accuracy", archive.best_epoch)
    ]
    correct, samples = map(int, row["validation"].split("/"))
    assert correct / samples == pytest.approx(best[0], abs=1e-9)
    assert archive.predictions
    right = int((archive.predictions.predicted == archive.predictions.y).sum())
    assert row["hidden test"] == f"{2 * right}/{2 * len(test.y)}"
    assert row["checks"].count("yes:") == 2
    assert row["grade"] == "66.67"


def test_a_part_that_was_split_off_is_found_again_in_the_whole(cnnviz: RunCommand, zips: Path, folder: Path) -> None:
    """The rows are those that scikit-learn takes, which the server has asked for the same share."""
    digits = DATASETS["digits"].load_content()
    kept, hidden = map(
        np.sort, train_test_split(np.arange(len(digits.y)), test_size=0.2, stratify=digits.y, random_state=0)
    )
    for name, rows_ in (("whole", slice(None)), ("rest", kept), ("hidden", hidden)):
        np.save(folder / f"{name}-x.npy", np.asarray(digits.x)[rows_])
        np.save(folder / f"{name}-y.npy", digits.y[rows_])
    whole = cnnviz("grade", "zips", "--data", "whole-x.npy", "whole-y.npy", "--split-off", "0.2")
    parts = cnnviz(*("grade", "zips", "--data", "rest-x.npy", "rest-y.npy", "--hidden", "hidden-x.npy", "hidden-y.npy"))
    assert whole.exit_code == 0, whole.output
    assert whole.stdout == parts.stdout
    assert rows(whole.stdout)[0]["hidden test"].endswith(f"/{len(hidden)}")
    assert "goes with --data" in cnnviz("grade", "zips", "--split-off", "0.2").output


def test_what_cannot_be_used_is_told(cnnviz: RunCommand, zips: Path, folder: Path) -> None:
    (folder / "key.txt").write_text("short", encoding="ascii")
    assert "64 hexadecimal digits" in cnnviz("grade", "zips", "--key", "key.txt").output
    assert "has no zips" in cnnviz("grade", "nowhere").output
    (folder / "zips" / "run.zip").write_bytes(pack(replace(trained_archive(), weights=None), {}))
    assert "--assignment" in cnnviz("grade", "zips").output
