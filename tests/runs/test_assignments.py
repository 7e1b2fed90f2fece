"""Assignments on a server: handed in, frozen, scored in a process of its own, and a hidden test that stays hidden."""

import logging
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from cnnviz.architecture import build_model
from cnnviz.classroom import submission as submissions_module
from cnnviz.classroom.assignment import Assignment, AssignmentError
from cnnviz.classroom.checks import HiddenAccuracy, Parameters, ValidationAccuracy
from cnnviz.classroom.grades import Grade, grades_csv
from cnnviz.classroom.item_table import item_table
from cnnviz.classroom.regrade import Grader
from cnnviz.classroom.signed_zip import Signature, read_submission
from cnnviz.classroom.submission import Submission, SubmissionStatus
from cnnviz.data import CLASS_OWNER, DATASETS, available_datasets, own_uploads
from cnnviz.data.content import Content
from cnnviz.data.uploads import UploadInfo
from cnnviz.digests import add_digest
from cnnviz.errors import CnnvizError, DataError, LimitError
from cnnviz.identity.person import Person, Role
from cnnviz.runs.archives import read_archive
from cnnviz.runs.assignment_data import HiddenSource
from cnnviz.runs.assignments import Assignments
from cnnviz.runs.class_rules import ClassRules
from cnnviz.runs.run import Run, Status
from cnnviz.runs.store import Store
from cnnviz.runs.task_loop import TaskLoop
from cnnviz.secret_key import secret_key
from cnnviz.settings import settings
from cnnviz.takehome.pack import pack
from tests.conftest import WaitFor
from tests.designs import ANNA, BERT, NET, SHORT, make_run

pytest_plugins = ["tests.runs.databases"]
TEACHER = Person("s" + "e" * 31, "Ms Miller", Role.TEACHER)
STUDENT, OTHER = Person(ANNA, "Anna"), Person(BERT, "Bert")
TASK = Assignment(
    title="Digits",
    text="Recognise them.",
    design=NET,
    config=SHORT,
    checks=(ValidationAccuracy(at_least=0.5), Parameters(at_most=1000)),
)
MARK = np.float32(123456.75)
"""A value that only samples of a hidden test have."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("CNNVIZ_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    secret_key.cache_clear()
    yield tmp_path
    settings.cache_clear()
    secret_key.cache_clear()


@pytest.fixture
def store(folder: Path, url: str) -> Iterator[Store]:
    opened = Store(folder, url)
    yield opened
    opened.close()


@pytest.fixture
def writer() -> Iterator[TaskLoop]:
    loop = TaskLoop("writer")
    loop.start()
    yield loop
    loop.call_soon(loop.stop)
    loop.join(10)


@pytest.fixture
def assignments(store: Store, writer: TaskLoop) -> Iterator[Assignments]:
    opened = Assignments(store, writer, settings())
    opened.start()
    yield opened
    opened.close()


def weights(seed: int = 0) -> bytes:
    torch.manual_seed(seed)
    return save(build_model(NET).state_dict())


@pytest.fixture
def finished(store: Store) -> Callable[..., Run]:
    """A run that has ended, with weights that were never trained."""

    def make(owner: str = ANNA, seed: int = 0, **values: object) -> Run:
        run = make_run(owner, **{"status": Status.DONE, **values})
        store.add_run(run)
        store.save_weights(run.id, 1, weights(seed))
        return run

    return make


def test_nothing_is_handed_in_while_the_class_is_frozen(
    store: Store, writer: TaskLoop, finished: Callable[..., Run]
) -> None:
    frozen = Assignments(store, writer, settings(), lambda: ClassRules(frozen=True))
    frozen.start()
    run = finished(ANNA)
    with pytest.raises(LimitError, match=r"^Your teacher has frozen the class: nothing can be handed in just now\.$"):
        frozen.hand_in(Person(ANNA, "Anna"), next(iter(frozen.all())), run.id)
    frozen.close()


def scored(assignments: Assignments, wait_for: WaitFor, submission: Submission) -> Submission:
    def find() -> Submission:
        (found,) = [
            each for each in assignments.submissions(TEACHER, submission.assignment) if each.id == submission.id
        ]
        return found

    wait_for(lambda: find().status != SubmissionStatus.WAITING)
    return find()


def test_a_submission_is_frozen_and_scored_from_its_weights(
    assignments: Assignments, store: Store, finished: Callable[..., Run], wait_for: WaitFor
) -> None:
    """What the run itself says of its accuracy plays no part: the oracle is torch."""
    run = finished(seed=3)
    task = assignments.add(TEACHER, TASK)
    handed_in = assignments.hand_in(STUDENT, task, run.id)
    store.save_weights(run.id, 2, weights(4))  # trained further meanwhile
    found = scored(assignments, wait_for, handed_in)
    splits = DATASETS["digits"].load_splits("random")
    x = torch.from_numpy(splits.validation.x)
    mean, std = float(splits.train.x.mean()), float(splits.train.x.std())
    torch.manual_seed(3)
    model = build_model(NET).eval()
    predicted = model((x - mean) / std).argmax(1).numpy()
    assert found.status == SubmissionStatus.SCORED, found.message
    assert found.validation
    assert abs(found.validation.accuracy.correct - int((predicted == splits.validation.y).sum())) <= 1
    assert found.validation.accuracy.samples == len(splits.validation.y)
    assert sum(cell.count for cell in found.validation.cells) == len(splits.validation.y)
    zipped = assignments.signed_zip(TEACHER, found)
    assert read_submission(zipped, settings()).weights == add_digest(weights(3))
    assert assignments.signed_zip(TEACHER, found) == zipped


def test_the_zip_gives_the_same_result_elsewhere_and_a_changed_one_is_refused(
    assignments: Assignments, finished: Callable[..., Run], wait_for: WaitFor
) -> None:
    task = assignments.add(TEACHER, TASK)
    first = scored(assignments, wait_for, assignments.hand_in(STUDENT, task, finished().id))
    second = scored(assignments, wait_for, assignments.hand_in(OTHER, task, finished(BERT, seed=1).id))
    zips = {f"{each.name}.zip": assignments.signed_zip(TEACHER, each) for each in (first, second)}
    key = bytes.fromhex(assignments.signing_key(TEACHER))
    grader = Grader(settings(), DATASETS.__getitem__, key=key)
    graded = grader.grade([(name, lambda content=content: content) for name, content in zips.items()])
    again = grader.grade([(name, lambda content=content: content) for name, content in reversed(zips.items())])
    assert graded == again
    for each, submission in zip(graded, (first, second), strict=True):
        assert each.signature == Signature.VALID
        assert each.validation == (submission.validation and submission.validation.accuracy)
        assert each.results == submission.results(TASK)
        assert not each.differs
    other_key = Grader(settings(), DATASETS.__getitem__, key=bytes(32))
    assert other_key.grade([("a.zip", lambda: zips["Anna.zip"])])[0].signature == Signature.WRONG
    place = zips["Anna.zip"].rindex(b"SIGNATURE")
    broken = bytearray(zips["Anna.zip"])
    start = zips["Anna.zip"].index(b"weights.safetensors") + 200
    broken[start] ^= 1
    assert place > start
    with pytest.raises(DataError):
        read_submission(bytes(broken), settings())


def test_what_is_not_taken_does_not_count(assignments: Assignments, store: Store, finished: Callable[..., Run]) -> None:
    task = assignments.add(TEACHER, TASK.changed(submissions_per_hour=2))
    running = finished(status=Status.RUNNING)
    with pytest.raises(AssignmentError, match="has ended"):
        assignments.hand_in(STUDENT, task, running.id)
    bare = make_run(status=Status.DONE)
    store.add_run(bare)
    with pytest.raises(AssignmentError, match="no weights"):
        assignments.hand_in(STUDENT, task, bare.id)
    with pytest.raises(AssignmentError, match="data set “words”"):
        assignments.hand_in(STUDENT, task, finished(config=SHORT.changed(dataset="words")).id)
    with pytest.raises(CnnvizError, match="no such run of yours"):
        assignments.hand_in(OTHER, task, finished().id)
    assert assignments.allowance(STUDENT, task).left == 2
    run = finished()
    assignments.hand_in(STUDENT, task, run.id)
    with pytest.raises(AssignmentError, match="exactly this net"):
        assignments.hand_in(STUDENT, task, run.id)
    assert assignments.allowance(STUDENT, task).left == 1
    assignments.hand_in(STUDENT, task, finished(seed=1).id)
    with pytest.raises(LimitError, match="handed in 2 in the last hour"):
        assignments.hand_in(STUDENT, task, finished(seed=2).id)
    assert assignments.allowance(OTHER, task).left == 2


def test_one_that_cannot_be_scored_is_refused_with_a_reason_and_does_not_count(
    assignments: Assignments, finished: Callable[..., Run], folder: Path, wait_for: WaitFor, caplog: object
) -> None:
    task = assignments.add(TEACHER, TASK)
    run = finished()
    assignments.close()  # nothing is scored until the server starts again
    handed_in = assignments.hand_in(STUDENT, task, run.id)
    (folder / "submissions" / f"{handed_in.id}.safetensors").write_bytes(b"damaged")
    again = Assignments(assignments._runs, assignments._writer_loop, settings())
    again.start()
    found = scored(again, wait_for, handed_in)
    again.close()
    assert found.status == SubmissionStatus.REFUSED
    assert "damaged" in found.message
    assert again.allowance(STUDENT, task).left == 4


def test_what_waits_is_scored_after_a_restart(
    assignments: Assignments, finished: Callable[..., Run], wait_for: WaitFor
) -> None:
    task = assignments.add(TEACHER, TASK)
    assignments.close()
    handed_in = assignments.hand_in(STUDENT, task, finished().id)
    again = Assignments(assignments._runs, assignments._writer_loop, settings())
    again.start()
    assert scored(again, wait_for, handed_in).status == SubmissionStatus.SCORED
    again.close()


@pytest.mark.parametrize(
    "action",
    [
        lambda desk, task: desk.add(STUDENT, TASK),
        lambda desk, task: desk.change(STUDENT, task, TASK),
        lambda desk, task: desk.delete(STUDENT, task),
        lambda desk, task: desk.extend(STUDENT, task, [ANNA], 2e9),
        lambda desk, task: desk.submissions(STUDENT, task),
        lambda desk, task: desk.standings(STUDENT, task),
        lambda desk, task: desk.signing_key(STUDENT),
        lambda desk, task: desk.signed_zip(STUDENT, None),
    ],
)
def test_what_is_the_teachers_is_refused_to_students(
    assignments: Assignments, action: Callable[[Assignments, str], object]
) -> None:
    task = assignments.add(TEACHER, TASK)
    with pytest.raises(AssignmentError, match="Only teachers"):
        action(assignments, task)


def test_before_it_opens_only_teachers_see_it(assignments: Assignments, finished: Callable[..., Run]) -> None:
    task = assignments.add(TEACHER, TASK.changed(opens=datetime.now(UTC) + timedelta(hours=1)))
    assert task in assignments.visible_to(TEACHER)
    assert task not in assignments.visible_to(STUDENT)
    with pytest.raises(AssignmentError, match="no such assignment"):
        assignments.hand_in(STUDENT, task, finished().id)


def test_the_state_at_the_deadline_stays_and_an_extension_is_seen(
    assignments: Assignments, finished: Callable[..., Run], wait_for: WaitFor
) -> None:
    deadline = datetime.now(UTC) - timedelta(hours=1)
    task = assignments.add(TEACHER, TASK.changed(deadline=deadline))
    late = scored(assignments, wait_for, assignments.hand_in(STUDENT, task, finished().id))
    before = assignments.standing(STUDENT, task)
    assert before.at_deadline is None
    assert before.latest_best == late
    assert before.is_better_later
    assignments.extend(TEACHER, task, [ANNA, BERT], time.time() + 60, "The bus was late.")
    after = assignments.standing(STUDENT, task)
    assert after.at_deadline == late
    assert {extension.note for extension in assignments.extensions(task)} == {"The bus was late."}
    assert assignments.standings(TEACHER, task)[ANNA] == after


def test_rules_cannot_change_after_a_submission_and_the_assignment_stays(
    assignments: Assignments, finished: Callable[..., Run]
) -> None:
    task = assignments.add(TEACHER, TASK)
    assignments.change(TEACHER, task, TASK.changed(checks=(Parameters(),)))
    assignments.change(TEACHER, task, TASK)
    assignments.hand_in(STUDENT, task, finished().id)
    with pytest.raises(AssignmentError, match="cannot change"):
        assignments.change(TEACHER, task, TASK.changed(checks=(Parameters(),)))
    assignments.change(TEACHER, task, TASK.changed(title="Digits, again"))
    with pytest.raises(AssignmentError, match="stays"):
        assignments.delete(TEACHER, task)
    with pytest.raises(AssignmentError, match="comes with cnnviz"):
        assignments.delete(TEACHER, "lab")


def test_names_on_the_leaderboard_are_a_choice(assignments: Assignments) -> None:
    task = assignments.add(TEACHER, TASK)
    begun = assignments.begin(STUDENT, task)
    assert not begun.is_named
    assert assignments.begin(STUDENT, task) == begun
    assignments.show_name(STUDENT, task, is_named=True)
    assert assignments.participants(task)[ANNA] == replace(begun, is_named=True)
    assert assignments.begin(Person(ANNA, "Anna B."), task).is_named


def upload(owner: str, mark: np.float32, samples: int, classes: tuple[str, ...]) -> str:
    generator = np.random.default_rng(1)
    x = np.full((samples, 1, 8, 8), mark, np.float32)
    x[:, 0, 0, 0] += generator.normal(size=samples).astype(np.float32)
    content = Content(x=x, y=np.arange(samples) % len(classes), classes=classes)
    return own_uploads().add(owner, content, UploadInfo("Kept for the test")).name


@pytest.fixture
def with_hidden_test(assignments: Assignments) -> str:
    digits = DATASETS["digits"].classes
    name = upload(TEACHER.owner, MARK, 200, digits)
    task = TASK.changed(checks=(*TASK.checks, HiddenAccuracy(at_least=0.99)))
    return assignments.add(TEACHER, task, HiddenSource(name))


def test_a_hidden_test_stays_hidden(
    assignments: Assignments,
    with_hidden_test: str,
    store: Store,
    finished: Callable[..., Run],
    folder: Path,
    wait_for: WaitFor,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Every way out is walked: data sets, results, exports, zips, tables, logs, and all files but its own."""
    caplog.set_level(logging.DEBUG)
    run = finished()
    found = scored(assignments, wait_for, assignments.hand_in(STUDENT, with_hidden_test, run.id))
    assert found.status == SubmissionStatus.SCORED, found.message
    assert found.hidden
    assert found.hidden.samples == 200
    assert found.is_new_best
    for owner in (TEACHER.owner, ANNA, CLASS_OWNER):
        assert not [each for each in available_datasets(owner).values() if each.title == "Kept for the test"]
    task = assignments.find(STUDENT, with_hidden_test).assignment
    texts = [
        repr(found),
        repr(found.results(task)),
        repr(assignments.leaderboard(OTHER, with_hidden_test)),
        repr(assignments.standings(TEACHER, with_hidden_test)),
        repr(item_table(task, assignments.submissions(TEACHER, with_hidden_test), {})),
        grades_csv(task.title, [Grade("Anna", 50, "")]),
        task.model_dump_json(),
        caplog.text,
    ]
    zipped = assignments.signed_zip(TEACHER, found)
    taken_home = pack(read_archive(store, run), {})
    kept = [
        path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] != "hidden-tests"
    ]
    shown = [*(text.encode() for text in texts), zipped, taken_home]
    for content in [*shown, *kept]:
        assert MARK.tobytes() not in content
        assert b"123456" not in content
    for content in shown:
        assert b"bits" not in content
    assert not any(re.search("bits|predict", name) for name in vars(found))
    assert "hidden_bits" not in submissions_module.Submission.__dataclass_fields__
    hidden_files = [path for path in (folder / "hidden-tests").rglob("*") if path.is_file()]
    assert len(hidden_files) == 3
    assert {path.stat().st_mode & 0o077 for path in hidden_files} == {0}


def test_the_confusions_of_the_class_are_of_the_validation_part(
    assignments: Assignments, with_hidden_test: str, finished: Callable[..., Run], wait_for: WaitFor
) -> None:
    found = scored(assignments, wait_for, assignments.hand_in(STUDENT, with_hidden_test, finished().id))
    assert found.validation
    assert sum(cell.count for cell in found.validation.cells) == len(DATASETS["digits"].load_splits().validation.y)


def test_a_worse_net_leaves_the_shown_score(
    assignments: Assignments, with_hidden_test: str, finished: Callable[..., Run], wait_for: WaitFor
) -> None:
    shown = []
    for seed in range(3):
        run = finished(seed=seed)
        found = scored(assignments, wait_for, assignments.hand_in(STUDENT, with_hidden_test, run.id))
        assert found.hidden
        shown.append(found.hidden.correct)
    assert shown == sorted(shown)
    ((place, name),) = assignments.leaderboard(STUDENT, with_hidden_test)
    assert (place.rank, place.owner, name) == (1, ANNA, "")
    assert place.score.correct == shown[-1]


def test_a_part_is_split_off_and_the_class_gets_the_rest(assignments: Assignments) -> None:
    name = upload(TEACHER.owner, np.float32(5), 400, DATASETS["digits"].classes)
    task = assignments.add(TEACHER, TASK.changed(config=SHORT.changed(dataset=name)), HiddenSource(name, 0.25))
    given = available_datasets(ANNA)[assignments.find(STUDENT, task).assignment.config.dataset]
    assert given.size == 300
    assert assignments.hidden_sample_count(task) == 100
    assert name not in available_datasets(ANNA)


def test_a_hidden_test_of_other_classes_is_refused_and_nothing_is_lost(assignments: Assignments) -> None:
    name = upload(TEACHER.owner, np.float32(5), 200, ("cat", "dog"))
    with pytest.raises(DataError, match="“cat”"):
        assignments.add(TEACHER, TASK, HiddenSource(name))
    assert name in own_uploads().datasets_of(TEACHER.owner)
    assert list(assignments.all()) == ["lab"]
