import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from cnnviz.errors import TrainingError
from cnnviz.runs.facts import RunFacts, ScaleParameters
from cnnviz.runs.run import Status
from cnnviz.runs.score import Score
from cnnviz.runs.search import Search
from cnnviz.runs.store import Store
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Point
from tests.designs import ANNA, BERT, DIVERGING, NET, make_run, tensor_file

pytest_plugins = ["tests.runs.databases"]
POINTS = [Point(step, 1, "batch", "loss", 1 / step) for step in range(1, 6)]


@pytest.fixture
def store(tmp_path: Path, url: str) -> Iterator[Store]:
    opened = Store(tmp_path, url)
    yield opened
    opened.close()


def test_a_run_is_read_as_it_was_written(store: Store) -> None:
    run = make_run(
        architecture=DIVERGING, config=TrainConfig(optimizer="Adam", learning_rate=0.3, seed=7), message="é“"
    )
    store.add_run(run)
    assert store.run(run.id) == run
    assert store.run("0" * 32) is None


def test_an_update_changes_what_it_names_and_no_other_run(store: Store) -> None:
    one, two = make_run(), make_run()
    store.add_run(one)
    store.add_run(two)
    store.update_run(one.id, status=Status.FAILED, message="why", steps=3, started=1.5, finished=2.5)
    assert store.run(one.id) == replace(one, status=Status.FAILED, message="why", steps=3, started=1.5, finished=2.5)
    assert store.run(two.id) == two


@pytest.mark.parametrize("status", Status)
def test_a_status_comes_back_as_what_it_is(store: Store, status: Status) -> None:
    run = make_run(status=status)
    store.add_run(run)
    stored_run = store.run(run.id)
    assert stored_run
    assert stored_run.status is status
    assert stored_run.active == (status in ("queued", "running"))
    assert store.active_runs() == ([run] if stored_run.active else [])


def test_runs_are_listed_newest_first_and_per_owner(store: Store) -> None:
    runs = [make_run(created=float(second)) for second in (2, 1, 3)]
    for run in [*runs, make_run(BERT)]:
        store.add_run(run)
    assert [run.created for run in store.runs_of(ANNA)] == [3, 2, 1]
    assert [run.owner for run in store.runs_of(BERT)] == [BERT]
    assert [run.created for run in store.active_runs()][:3] == [1, 2, 3]


def test_the_kind_and_the_work_of_a_run_are_kept_and_those_of_a_plain_one_are_the_defaults(store: Store) -> None:
    plain, other = make_run(), make_run(kind="probe", worked=1 / 3)
    store.add_run(plain)
    store.add_run(other)
    store.update_run(plain.id, worked=0.1 + 0.2)
    assert store.run(plain.id) == replace(plain, kind="train", worked=0.1 + 0.2)
    assert store.run(other.id) == other


def test_work_is_counted_with_the_points_of_an_epoch_and_kept_where_it_is_not_told(store: Store) -> None:
    run = make_run(worked=1.0)
    store.add_run(run)
    epoch = [Point(9, 2, "validation", name, 0.5) for name in ("loss", "accuracy")]
    for worked, expected in ((None, 1.0), (2.5, 2.5), (None, 2.5)):
        store.append_points(run.id, epoch, worked)
        stored_run = store.run(run.id)
        assert stored_run
        assert (stored_run.worked, stored_run.score.epoch) == (expected, 2)


def test_searches_are_numbered_for_each_student_from_the_first(store: Store) -> None:
    for second, owner in ((3, ANNA), (1, ANNA), (2, BERT)):
        store.add_search(Search(f"{second}" * 32, owner, float(second), NET, TrainConfig(), {}))
    assert [(each.created, each.number) for each in store.searches(ANNA)] == [(3, 2), (1, 1)]
    assert [each.number for each in store.searches(BERT)] == [1]
    assert [each.number for each in store.active_searches()] == [1, 1, 2]


def test_numbers_keep_every_bit(store: Store) -> None:
    values = [0.1 + 0.2, 1 / 3, 5e-324, sys.float_info.max, -sys.float_info.min, 1_700_000_000.1234567]
    store.append_points("one", [Point(step, 1, "batch", "loss", value) for step, value in enumerate(values)])
    run = make_run(created=values[-1], started=values[0], finished=values[1])
    store.add_run(run)
    assert [point.value.hex() for _, point in store.points("one")] == [value.hex() for value in values]
    assert store.run(run.id) == run


def test_the_same_run_is_not_kept_twice(store: Store) -> None:
    run = make_run()
    store.add_run(run)
    with pytest.raises(IntegrityError):
        store.add_run(run)
    assert store.runs_of(ANNA) == [run]


def test_points_come_in_order_and_only_those_behind_the_number_asked_for(store: Store) -> None:
    store.append_points("one", POINTS[:2])
    store.append_points("two", POINTS[4:])
    store.append_points("one", POINTS[2:4])
    store.append_points("one", [])
    numbered = store.points("one")
    assert [point for _, point in numbered] == POINTS[:4]
    assert all(isinstance(point, Point) for _, point in numbered)
    for index, (number, _) in enumerate(numbered):
        assert list(store.iter_points("one", after=number)) == numbered[index + 1 :]
    assert store.points("none") == []


def test_points_are_kept_all_or_none(store: Store) -> None:
    with pytest.raises(IntegrityError):
        store.append_points("one", [*POINTS, Point(6, 1, "batch", "loss", None)])  # type: ignore[arg-type]
    assert store.points("one") == []


def test_weights_are_replaced_as_a_whole(store: Store, tmp_path: Path) -> None:
    assert store.weights("one") is None
    store.save_weights("one", 1, tensor_file("first"))
    store.save_weights("one", 2, tensor_file("second"))
    store.save_weights("two", 1, tensor_file("other"))
    assert (store.weights("one"), store.weights("two")) == (tensor_file("second"), tensor_file("other"))
    assert sorted(file.name for file in (tmp_path / "weights").iterdir()) == ["one.safetensors", "two.safetensors"]


def test_weights_and_predictions_that_the_disk_has_changed_are_named(store: Store, tmp_path: Path) -> None:
    store.save_weights("one", 1, tensor_file("first"))
    store.save_predictions("one", tensor_file("first"))
    for folder, read in (("weights", store.weights), ("predictions", store.predictions)):
        file = tmp_path / folder / "one.safetensors"
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)
        with pytest.raises(TrainingError, match=rf"^The {folder}.* of this run are damaged: the server's disk"):
            read("one")


@pytest.mark.parametrize("broken", ["write_bytes", "replace"])
def test_weights_that_cannot_be_written_leave_the_old_ones(
    store: Store, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    store.save_weights("one", 1, tensor_file("old"))

    def fail(draft: Path, *_: object) -> None:
        if broken == "write_bytes":
            draft.open("wb").close()  # begun, and then the disk was full
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, broken, fail)
        with pytest.raises(OSError, match="No space left"):
            store.save_weights("one", 2, tensor_file("new"))
    assert store.weights("one") == tensor_file("old")


def test_what_is_kept_is_the_last_of_its_owner_and_name(store: Store) -> None:
    assert store.read_draft(ANNA, "draft") is None
    for owner, name, text in [(ANNA, "draft", "1"), (BERT, "draft", "2"), (ANNA, "config", "3"), (ANNA, "draft", "4")]:
        store.save_draft(owner, name, text)
    assert [store.read_draft(ANNA, "draft"), store.read_draft(BERT, "draft"), store.read_draft(ANNA, "config")] == [
        "4",
        "2",
        "3",
    ]


def test_everything_is_there_after_opening_again(store: Store, tmp_path: Path, url: str) -> None:
    run = make_run()
    store.add_run(run)
    store.append_points(run.id, POINTS)
    store.save_weights(run.id, 1, tensor_file("weights"))
    store.close()
    again = Store(tmp_path, url)
    assert again.run(run.id) == run
    assert [point for _, point in again.points(run.id)] == POINTS
    assert again.weights(run.id) == tensor_file("weights")
    again.close()


def test_a_run_from_before_there_was_a_setting_tells_what_was_done_then(store: Store) -> None:
    run = make_run(config=TrainConfig(epochs=3))
    store.add_run(run)
    with store._engine.begin() as connection:
        connection.exec_driver_sql('UPDATE runs SET config = \'{"dataset": "digits", "epochs": 3}\'')
    stored_run = store.run(run.id)
    assert stored_run is not None
    assert stored_run.config == TrainConfig(dataset="digits", epochs=3, normalization="none")


def test_what_was_found_out_is_kept_with_the_run(store: Store) -> None:
    store.save_fact("one", "parts", [8, 1, 1])
    store.save_fact("one", "scale", {"mean": [1.5], "std": None})
    store.save_fact("one", "parts", [80, 10, 10])
    assert store.facts("one") == RunFacts(parts=(80, 10, 10), scale=ScaleParameters(mean=(1.5,), std=None))
    assert store.facts("two") == RunFacts()
    store.save_fact("two", "parts", "of another version")
    assert store.facts("two") == RunFacts()


# ── results ──


def test_what_its_student_calls_a_run_is_kept(store: Store) -> None:
    run = make_run(title="wide “é”", starred=True, tags=("a", "b c"), search="5" * 32)
    store.add_run(run)
    assert store.run(run.id) == run
    store.update_run(run.id, title="", starred=False, tags=("x",), deleted=3.5)
    assert store.run(run.id) == replace(run, title="", starred=False, tags=("x",), deleted=3.5)
    assert [each.id for each in store.runs_of_search("5" * 32)] == [run.id]


def test_a_run_that_was_put_away_is_listed_apart(store: Store) -> None:
    here, away = make_run(), make_run(deleted=10.0)
    store.add_run(here)
    store.add_run(away)
    assert (store.runs_of(ANNA), store.runs_of(ANNA, deleted=True)) == ([here], [away])
    assert (store.deleted_before(10.0), store.deleted_before(10.1)) == ([], [away])


def test_a_dropped_run_leaves_nothing_behind(store: Store, tmp_path: Path) -> None:
    deleted, remaining = make_run(), make_run()
    for run in (deleted, remaining):
        store.add_run(run)
        store.append_points(run.id, POINTS)
        store.save_fact(run.id, "parts", [80, 10, 10])
        store.save_weights(run.id, 1, tensor_file("weights"))
        store.save_predictions(run.id, tensor_file("predictions"))
    store.delete_run(deleted.id)
    assert (store.run(deleted.id), store.points(deleted.id), store.facts(deleted.id)) == (None, [], RunFacts())
    assert (store.weights(deleted.id), store.predictions(deleted.id)) == (None, None)
    assert (store.run(remaining.id), len(store.points(remaining.id))) == (remaining, len(POINTS))
    assert (store.weights(remaining.id), store.predictions(remaining.id)) == (
        tensor_file("weights"),
        tensor_file("predictions"),
    )
    assert {file.stem for folder in ("weights", "predictions") for file in (tmp_path / folder).iterdir()} == {
        remaining.id
    }


def test_what_a_killed_import_has_left_is_swept_and_nothing_else(store: Store, tmp_path: Path) -> None:
    """The run itself comes last, so points, facts and files of one that was killed belong to none."""
    remaining, killed, later = make_run(), make_run(), make_run()
    store.add_run(remaining)
    for run in (remaining, killed):
        store.append_points(run.id, POINTS)
        store.save_weights(run.id, 1, tensor_file("weights"))
        store.save_predictions(run.id, tensor_file("predictions"))
    store.save_fact(later.id, "parts", [80, 10, 10])
    (tmp_path / "weights/half written.draft").touch()
    store.delete_orphans()
    assert [len(store.points(run.id)) for run in (remaining, killed)] == [len(POINTS), 0]
    assert (store.weights(killed.id), store.facts(later.id)) == (None, RunFacts())
    assert store.weights(remaining.id) == tensor_file("weights")
    assert {file.stem for folder in ("weights", "predictions") for file in (tmp_path / folder).iterdir()} == {
        remaining.id
    }


EPOCH_POINTS = st.lists(
    st.builds(
        lambda epoch, split, accuracy, loss: [
            Point(10 * epoch, epoch, split, "loss", loss),
            Point(10 * epoch, epoch, split, "accuracy", accuracy),
        ],
        st.integers(1, 5),
        st.sampled_from(["train", "validation", "test"]),
        st.sampled_from([0.0, 0.5, 0.9]),
        st.floats(-1, 1),
    ),
    max_size=12,
)


@given(EPOCH_POINTS, st.integers(0, 12))
def test_a_score_says_what_the_points_say_however_they_come(measured: list[list[Point]], cut: int) -> None:
    def at_once(*parts: list[list[Point]]) -> Score:
        score = Score()
        for part in parts:
            for points in part:
                score = score.with_points(points)
        return score

    score = at_once(measured)
    assert score == at_once(measured[:cut], measured[cut:])
    valid = [points for points in measured if points[0].split == "validation"]
    if valid:
        loss, accuracy = min(valid, key=lambda points: (-points[1].value, points[0].value))
        assert (score.best_epoch, score.accuracy, score.loss) == (loss.epoch, accuracy.value, loss.value)
    assert score.epoch == max((points[0].epoch for points in valid), default=0)
    best, beaten, test = 0, (-1.0, 0.0), None
    for loss, accuracy in measured:
        if loss.split == "validation" and (accuracy.value, -loss.value) > beaten:
            test = test if loss.epoch == best else None  # what was tested are other weights
            best, beaten = loss.epoch, (accuracy.value, -loss.value)
        elif loss.split == "test" and loss.epoch == best:
            test = accuracy.value
    assert score.test == test


def test_lines_are_what_the_points_say_of_the_wanted_runs(store: Store) -> None:
    for name in ("one", "two", "three"):
        store.append_points(name, [Point(1, 1, "batch", "loss", 9.0)])
        for epoch in (1, 2):
            store.append_points(
                name, [Point(epoch, epoch, split, "loss", epoch / 2) for split in ("train", "validation")]
            )
            store.append_points(name, [Point(epoch, epoch, "validation", "accuracy", epoch / 4)])
    lines = store.epoch_series(["one", "three"], ["validation"], ["loss", "accuracy"])
    assert {key: (epochs.tolist(), values.tolist()) for key, (epochs, values) in lines.items()} == {
        (run, "validation", metric): ([1, 2], [1 / share, 2 / share])
        for run in ("one", "three")
        for metric, share in (("loss", 2), ("accuracy", 4))
    }
    assert store.epoch_series([], ["validation"], ["loss"]) == {}


def test_searches_are_read_as_they_were_written(store: Store) -> None:
    search = Search("5" * 32, ANNA, 1.5, NET, TrainConfig(), {"width": [1, 2], "goal": 0.9})
    store.add_search(search)
    assert (store.searches(ANNA), store.searches(BERT), store.active_searches()) == ([search], [], [search])
    store.update_search(search.id, status=Status.DONE, message="why")
    assert store.searches(ANNA) == [replace(search, status=Status.DONE, message="why")]
    assert store.active_searches() == []


def test_an_owner_whose_new_name_has_drafts_already_keeps_the_newer_ones(store: Store) -> None:
    """An older cnnviz may have worked in the database between two newer ones."""
    store.save_draft("a" * 32, "config", "newer")
    store.save_draft(ANNA, "config", "older")
    store.save_draft(ANNA, "space", "kept")
    for _ in range(2):
        store.rename_owners(lambda owner: ANNA if owner == "a" * 32 else owner)
        assert [store.read_draft(ANNA, name) for name in ("config", "space")] == ["newer", "kept"]
        assert store.read_draft("a" * 32, "config") is None
