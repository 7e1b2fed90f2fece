"""A training in slices, elsewhere and further is the same training."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnviz.architecture import Architecture, micro_batch, trace
from cnnviz.errors import TrainingError
from cnnviz.layers import BatchNorm1d, Dropout, Flatten, Linear
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from cnnviz.training.point import Point
from cnnviz.training.prepared_data import prepare
from cnnviz.training.schedule import SCHEDULES
from cnnviz.training.snapshot import Snapshot
from cnnviz.training.training import MAX_SCORES, Training, TrainingResult, probabilities_of
from tests.points import without_device_points
from tests.training.test_trainer import CONFIG, CPU, NET, SCORES, digits, equal_states, run

LONG = CONFIG.changed(epochs=4)
RICH = LONG.changed(optimizer="Adam").changed(learning_rate=0.01).with_augmentation(noise=0.2).changed(patience=3)


DIVISIBLE = Architecture(
    input_shape=NET.input_shape, layers=[layer for layer in NET.layers if not isinstance(layer, BatchNorm1d)]
)
"""A net whose batches may be cut into micro-batches."""


class RecordedTraining:
    """A training that keeps its points."""

    def __init__(
        self,
        config: TrainConfig = CONFIG,
        should_stop: Callable[[], bool] = lambda: False,
        architecture: Architecture = NET,
    ) -> None:
        self.points: list[Point] = []
        data = prepare(digits(), config, CPU)
        emit = self.points.extend
        self.training = Training(architecture, config, data, device=CPU, emit=emit, should_stop=should_stop)

    @property
    def curve(self) -> list[Point]:
        return without_device_points(self.points)

    def steps(self, count: int) -> TrainingResult | None:
        """A slice of so many steps; at the end of an epoch it goes on until that is measured."""
        before = self.training.step
        return self.training.advance(lambda: self.training.step - before >= count)

    def to_the_end(self) -> TrainingResult:
        result = self.training.advance()
        assert result
        return result


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(slices=st.lists(st.tuples(st.integers(0, 1), st.integers(1, 7)), min_size=1, max_size=20))
def test_trainings_that_take_turns_end_bit_for_bit_as_those_left_alone(slices: list[tuple[int, int]]) -> None:
    """Dropout draws from torch's global numbers: each of the two must find its own again."""
    configs = [CONFIG, RICH]
    both = [RecordedTraining(config) for config in configs]
    results: list[TrainingResult | None] = [None, None]
    for which, count in [*slices, *[(0, 99), (1, 99)] * 5]:
        if results[which] is None:
            torch.rand(3)  # whatever others draw
            results[which] = both[which].steps(count)
    for config, recorded, result in zip(configs, both, results, strict=True):
        alone, points = run(config=config)
        assert recorded.curve == points
        assert result
        assert equal_states(result.weights, alone.weights)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("steps", [3, 5, 12])
def test_a_training_goes_on_elsewhere_as_if_nothing_had_happened(
    tmp_path: Path, schedule: str, optimizer: str, steps: int
) -> None:
    config = RICH.changed(optimizer=optimizer).changed(schedule=schedule).changed(warmup=1.0)
    first, second = RecordedTraining(config), RecordedTraining(config)
    assert first.steps(steps) is None
    first.training.snapshot().write(tmp_path / "it")
    second.training.restore(Snapshot.read(tmp_path / "it"))
    assert second.training.step == first.training.step == steps
    result = second.to_the_end()
    alone, points = run(config=config)
    assert first.curve + second.curve == points
    assert equal_states(result.weights, alone.weights)
    assert (result.best_epoch, result.note) == (alone.best_epoch, alone.note)


@pytest.fixture
def micro_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has every batch of 64 cut into parts of at most 15 samples, and every evaluation into parts of 45."""
    per_sample = sum(step.multiply_adds for step in trace(DIVISIBLE))
    monkeypatch.setattr(micro_batch, "MICRO_BATCH_MULTIPLY_ADDS", 15 * per_sample)


def test_a_step_in_micro_batches_is_that_of_the_whole_batch(
    micro_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = LONG.changed(learning_rate=0.05)
    without_dropout = Architecture(
        input_shape=NET.input_shape, layers=[layer for layer in DIVISIBLE.layers if not isinstance(layer, Dropout)]
    )
    in_parts, points = run(without_dropout, config=plain)
    monkeypatch.setattr(micro_batch, "MICRO_BATCH_MULTIPLY_ADDS", 10**10)
    whole, expected = run(without_dropout, config=plain)
    assert [point._replace(value=0) for point in points] == [point._replace(value=0) for point in expected]
    assert [point.value for point in points] == pytest.approx([point.value for point in expected], rel=1e-3, abs=1e-5)
    for name, value in whole.weights.items():
        assert torch.allclose(in_parts.weights[name], value, atol=1e-5), name


@pytest.mark.parametrize("micro_batch_count", [1, 2, 3, 4])
def test_a_training_stopped_within_a_step_goes_on_as_if_stopped_before_it(
    micro_batches: None, micro_batch_count: int
) -> None:
    """Random numbers of the part that was done were lost, so dropout and noise differed from then on."""
    whole, stopping = RecordedTraining(RICH, architecture=DIVISIBLE), False
    whole.to_the_end()
    first = RecordedTraining(RICH, lambda: stopping, DIVISIBLE)
    first.steps(7)
    for _ in range(micro_batch_count - 1):
        first.training.advance(lambda: True)
    stopping = True
    assert first.to_the_end().stopped
    stopping = False
    rest = RecordedTraining(RICH, architecture=DIVISIBLE)
    rest.training.restore(first.training.snapshot(ended=False))
    rest.to_the_end()
    known = {(point.step, point.split, point.metric) for point in first.curve}
    goes_on = [point for point in rest.curve if (point.step, point.split, point.metric) not in known]
    assert [*first.curve, *goes_on] == whole.curve


def test_the_batches_of_a_net_with_batch_norm_stay_whole(micro_batches: None) -> None:
    layers = [Flatten(), BatchNorm1d(), Linear(out_features=10)]
    assert micro_batch.micro_batch_size(trace(Architecture(input_shape=(1, 8, 8), layers=layers)), 64) == 64


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 12), min_size=1, max_size=12))
def test_it_can_be_left_within_a_step_or_an_evaluation_and_goes_on_the_same_here_and_elsewhere(
    micro_batches: None, cuts: list[int]
) -> None:
    """Each part is of so many calls, and where a snapshot is possible, another training goes on from it."""
    alone, points = run(DIVISIBLE, config=RICH)
    recorded, seen = RecordedTraining(RICH, architecture=DIVISIBLE), list[Point]()
    result: TrainingResult | None = None
    for calls in cuts:
        for _ in range(calls):
            result = result or recorded.training.advance(lambda: True)
            torch.rand(3)  # whatever others draw
        if result:
            break
        if not recorded.training.in_step:
            snapshot, elsewhere = recorded.training.snapshot(), RecordedTraining(RICH, architecture=DIVISIBLE)
            elsewhere.training.restore(snapshot)
            seen += recorded.curve
            recorded = elsewhere
    result = result or recorded.to_the_end()
    assert dict.fromkeys([*seen, *recorded.curve]) == dict.fromkeys(points)  # a part of an epoch is measured twice
    assert equal_states(result.weights, alone.weights)
    assert torch.equal(result.probabilities, alone.probabilities)


def test_patience_is_not_anew_after_an_interruption_of_the_test(micro_batches: None) -> None:
    still = LONG.changed(epochs=40).changed(learning_rate=2.0).changed(patience=2)
    alone, _ = run(DIVISIBLE, config=still)
    recorded = RecordedTraining(still, architecture=DIVISIBLE)
    last_step = -1
    while not recorded.training.advance(lambda: True):
        if not recorded.training.in_step:  # the last of these lies in the test
            snapshot, last_step = recorded.training.snapshot(), recorded.training.step
    again = RecordedTraining(still, architecture=DIVISIBLE)
    again.training.restore(snapshot)
    result = again.to_the_end()
    assert again.training.step == last_step
    assert (result.note, result.best_epoch) == (alone.note, alone.best_epoch)


def test_turns_end_within_a_step_and_within_an_evaluation(micro_batches: None) -> None:
    recorded, in_step, at_same_step, evaluations = RecordedTraining(architecture=DIVISIBLE), 0, 0, 0
    while True:
        before = recorded.training.step
        if recorded.training.advance(lambda: True):
            break
        in_step += recorded.training.in_step
        at_same_step += not recorded.training.in_step and recorded.training.step == before
        evaluations += recorded.training.evaluates
        assert not (recorded.training.evaluates and recorded.training.in_step)
    assert in_step > 10
    assert at_same_step > 4  # evaluations of 2 epochs and the test
    assert evaluations > 4


def test_a_snapshot_is_a_copy_and_not_the_living_weights() -> None:
    recorded = RecordedTraining()
    recorded.steps(3)
    snapshot = recorded.training.snapshot()
    before = {name: value.clone() for name, value in snapshot.tensors.items()}
    recorded.to_the_end()
    assert equal_states(snapshot.tensors, before)


def test_a_training_that_ended_is_trained_further_as_one_that_was_meant_to_be_longer(tmp_path: Path) -> None:
    last = RecordedTraining(CONFIG).to_the_end().final_snapshot
    assert last
    last.write(tmp_path / "it")
    further = RecordedTraining(LONG)
    further.training.restore(Snapshot.read(tmp_path / "it"))
    result = further.to_the_end()
    alone, points = run(config=LONG)
    assert further.curve == [point for point in points if point.step > 10 or point.split == "test"]
    assert equal_states(result.weights, alone.weights)


def test_a_training_that_ended_for_want_of_a_better_epoch_gets_its_patience_anew() -> None:
    still = CONFIG.changed(epochs=40).changed(learning_rate=2.0).changed(patience=2)
    ended = RecordedTraining(still).to_the_end()
    assert ended.note
    assert ended.final_snapshot
    again = RecordedTraining(still)
    again.training.restore(ended.final_snapshot)
    first = again.training.step // 5
    again.to_the_end()
    assert again.training.step // 5 >= first + 2


def test_a_stopped_training_goes_on_from_its_last_step() -> None:
    stop = False
    first = RecordedTraining(LONG, lambda: stop)
    first.steps(7)
    stop = True
    result = first.training.advance()
    assert result
    assert result.stopped
    assert result.final_snapshot
    second = RecordedTraining(LONG)
    second.training.restore(result.final_snapshot)
    second.to_the_end()
    assert first.curve + second.curve == run(config=LONG)[1]


@pytest.mark.parametrize(("steps", "split"), [(5, ""), (5, "train"), (10, ""), (10, "train")])
def test_a_training_stopped_while_an_epoch_is_measured_measures_it_when_it_goes_on(steps: int, split: str) -> None:
    """It once left nothing to go on from before its first checkpoint."""

    def is_measured() -> bool:
        return not split or any(point.split == split and point.step == steps for point in first.points)

    first = RecordedTraining(LONG, lambda: first.training.step >= steps and is_measured())
    result = first.to_the_end()
    assert result.stopped
    assert result.final_snapshot
    second = RecordedTraining(LONG)
    second.training.restore(result.final_snapshot)
    second.to_the_end()
    told_twice = [point for point in second.curve if point in first.curve]
    assert all((point.step, point.split) == (steps, split) for point in told_twice)
    alone = run(config=LONG)[1]
    assert first.curve + [point for point in second.curve if point not in told_twice] == alone


def test_what_others_draw_is_not_changed_by_a_training() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    run(SCORES)
    assert torch.equal(torch.rand(3), expected)


def test_the_time_it_took_goes_with_it() -> None:
    recorded = RecordedTraining()
    recorded.steps(3)
    spent = recorded.training.seconds
    assert spent > 0
    again = RecordedTraining()
    again.training.restore(recorded.training.snapshot())
    assert again.training.seconds == spent
    again.to_the_end()
    assert again.training.seconds > spent
    assert {point.metric for point in again.points if point.split == "device"} == {"samples_per_second"}
    assert all(point.value > 0 for point in again.points if point.split == "device")


@given(place=st.integers(0), bits=st.integers(1, 255))
def test_a_snapshot_with_one_changed_byte_is_refused(place: int, bits: int) -> None:
    snapshot = Snapshot({"a": torch.arange(12.0).reshape(3, 4), "b/0": torch.tensor(True)}, {"step": 3, "best": None})
    with TemporaryDirectory() as folder:
        file = Path(folder) / "one"
        snapshot.write(file)
        content = bytearray(file.read_bytes())
        content[place % len(content)] ^= bits
        file.write_bytes(content)
        try:
            read = Snapshot.read(file)
        except TrainingError:
            return
    # a space more or less in its list of tensors, or a name for the hash that older files do not have
    assert read.metadata == snapshot.metadata
    assert read.tensors.keys() == snapshot.tensors.keys()
    assert all(torch.equal(read.tensors[name], value) for name, value in snapshot.tensors.items())


@pytest.mark.parametrize("content", [b"", b"no safetensors", b"\x02\0\0\0\0\0\0\0{}"])
def test_a_damaged_snapshot_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "it").write_bytes(content)
    with pytest.raises(TrainingError, match=r"^This checkpoint cannot be read"):
        Snapshot.read(tmp_path / "it")
    with pytest.raises(TrainingError, match=r"^This checkpoint cannot be read"):
        Snapshot.read(tmp_path / "nothing")


@pytest.mark.parametrize("steps", [1, 7, 16])
def test_a_stop_that_comes_with_the_end_of_a_slice_ends_the_training_where_it_stands(steps: int) -> None:
    """ignite begins a terminated engine anew: in another order, and in the last epoch from the first step."""
    stop = False
    recorded = RecordedTraining(LONG, lambda: stop)
    recorded.steps(steps)

    def is_stop_ordered() -> bool:
        nonlocal stop
        stop = True
        return True

    result = recorded.training.advance(is_stop_ordered)
    while result is None:
        result = recorded.training.advance(lambda: True)
    assert result.stopped
    assert result.final_snapshot
    assert result.final_snapshot.metadata["step"] == recorded.training.step <= steps + 2
    further = RecordedTraining(LONG)
    further.training.restore(result.final_snapshot)
    further.to_the_end()
    assert recorded.curve + further.curve == run(config=LONG)[1]


def test_a_training_put_back_goes_on_from_a_snapshot_of_it_before_its_first_slice() -> None:
    """It took the order of the seed for that of the epoch under way."""
    first, second, third = RecordedTraining(LONG), RecordedTraining(LONG), RecordedTraining(LONG)
    first.steps(7)
    second.training.restore(first.training.snapshot())
    third.training.restore(second.training.snapshot())
    third.to_the_end()
    assert first.curve + third.curve == run(config=LONG)[1]


def test_probabilities_are_kept_of_as_many_scores_as_a_matrix_can_hold() -> None:
    probabilities = probabilities_of(torch.zeros(3, MAX_SCORES))
    assert probabilities is not None
    assert probabilities.sum(1).tolist() == pytest.approx([1.0] * 3)
    assert probabilities_of(torch.zeros(3, MAX_SCORES + 1)) is None
