"""The signed zip of a submission: it comes back whole, always the same, and whoever changes it is found out."""

import io
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.classroom.hidden_test import HiddenTest
from cnnviz.classroom.regrade import Grader
from cnnviz.classroom.signed_zip import SIGNED_FILES, Signature, read_submission
from cnnviz.classroom.submission import weights_digest
from cnnviz.classroom.work import Accuracy
from cnnviz.data import DATASETS
from cnnviz.errors import CnnvizError, DataError
from cnnviz.takehome.pack import write_zip
from tests.classroom.made_submissions import KEY, LIMITS, TASK, make_submission, signed_zip
from tests.designs import ANNA, BERT, NET, SHORT


def test_it_comes_back_as_it_was() -> None:
    submission, weights = make_submission(1)
    read = read_submission(signed_zip(1), LIMITS, KEY)
    assert (read.assignment, read.architecture, read.config, read.weights) == (TASK, NET, SHORT, weights)
    assert read.record.submitted.timestamp() == submission.submitted
    assert read.record.validation == Accuracy(correct=20, samples=180)
    assert read.signature == Signature.VALID
    assert read_submission(signed_zip(1), LIMITS).signature == Signature.UNCHECKED
    assert read_submission(signed_zip(1), LIMITS, b"o" * 32).signature == Signature.WRONG
    assert signed_zip(1) == signed_zip(1)


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return {name: file.read(name) for name in file.namelist()}


@pytest.mark.parametrize("name", SIGNED_FILES)
def test_a_changed_or_missing_file_is_found(name: str) -> None:
    files = members(signed_zip(1))
    with pytest.raises(DataError, match="was changed"):
        read_submission(write_zip(files | {name: files[name] + b" "}), LIMITS, KEY)
    with pytest.raises(DataError, match=f"{name} is missing"):
        read_submission(write_zip({other: content for other, content in files.items() if other != name}), LIMITS, KEY)


def test_who_makes_it_anew_without_the_key_has_a_wrong_signature() -> None:
    files = members(signed_zip(1))
    files["submission.json"] = files["submission.json"].replace(b"20", b"99")
    forged = {name: files[name] for name in SIGNED_FILES}
    sums = "".join(f"{weights_digest(content)}  {name}\n" for name, content in forged.items()).encode()
    content = write_zip(files | {"SHA256SUMS": sums})
    assert read_submission(content, LIMITS, KEY).signature == Signature.WRONG


@given(st.binary(max_size=300))
def test_what_is_no_zip_is_refused(content: bytes) -> None:
    with pytest.raises(CnnvizError):
        read_submission(content, LIMITS, KEY)


@pytest.fixture(scope="module")
def grader() -> Grader:
    test = DATASETS["digits"].load_splits().test
    return Grader(LIMITS, DATASETS.__getitem__, hidden=lambda _: HiddenTest(test.x, test.y), key=KEY)


def readers(files: dict[str, bytes]) -> list[tuple[str, Callable[[], bytes]]]:
    return [(name, lambda content=content: content) for name, content in files.items()]


def test_results_do_not_depend_on_the_order_of_the_files(grader: Grader) -> None:
    """Nor on their names: what a student has handed in earlier is earlier."""
    files = {f"{9 - number}.zip": signed_zip(number, ANNA if number % 2 else BERT) for number in range(4)}
    files["0 broken.zip"] = b"PK"
    first = grader.grade(readers(files))
    assert grader.grade(readers(dict(reversed(files.items())))) == first
    assert [each.file for each in first] == sorted(files)
    assert first[0].problem
    renamed = grader.grade(readers({f"{number}.zip": files[f"{9 - number}.zip"] for number in range(4)}))
    assert {each.record: each.hidden for each in renamed} == {each.record: each.hidden for each in first[1:]}
    for each in first[1:]:
        assert each.validation
        assert each.validation.samples == 180
        assert each.hidden
        assert each.is_late == (each.record is not None and each.record.submitted.timestamp() > 1.8e9)


def test_a_result_that_the_server_has_shown_otherwise_is_told(grader: Grader) -> None:
    files = members(signed_zip(1))
    (graded,) = grader.grade(readers({"a.zip": signed_zip(1)}))
    shown = {result.check for result in read_submission(signed_zip(1), LIMITS).record.results if result.reached}
    found = {label for label, result in zip(graded.labels, graded.results, strict=True) if result.reached}
    assert set(graded.differs) == shown ^ found
    assert files


def test_the_zip_of_a_run_needs_an_assignment(grader: Grader) -> None:
    (graded,) = grader.grade(readers({"run.zip": write_zip({"run.json": b"{}"})}))
    assert "--assignment" in graded.problem
