from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score
from torch import Tensor, nn

from cnnviz.architecture import Architecture, build_model
from cnnviz.data.augmentation import Augmentation
from cnnviz.data.digits import DIGITS
from cnnviz.data.scaling import fit_scale
from cnnviz.data.splits import Part, Splits
from cnnviz.errors import TrainingError
from cnnviz.layers import BatchNorm1d, Dropout, Flatten, Linear, LogSoftmax, ReLU
from cnnviz.presets import PRESETS
from cnnviz.training import training
from cnnviz.training.config import TrainConfig
from cnnviz.training.loss import build_criterion
from cnnviz.training.point import Point
from cnnviz.training.trainer import steps_per_epoch, train
from cnnviz.training.training import TrainingResult
from tests.points import best_epoch, without_device_points

SCORES = Architecture(input_shape=(1, 8, 8), layers=[Flatten(), Linear(out_features=10)])
NET = Architecture(
    input_shape=(1, 8, 8),
    layers=[
        Flatten(),
        Linear(out_features=24),
        BatchNorm1d(),
        ReLU(),
        Dropout(p=0.3),
        Linear(out_features=10),
        LogSoftmax(dim=1),
    ],
)
CONFIG = TrainConfig(epochs=2, learning_rate=0.1, normalization="none")
CPU = torch.device("cpu")


@cache
def digits() -> Splits:
    """Some of the digits: five batches of 64."""
    whole = DIGITS.load_splits()
    parts = ((whole.train, 300), (whole.validation, 60), (whole.test, 60))
    return Splits(*(Part(part.x[:samples], part.y[:samples]) for part, samples in parts))


@cache
def usual_points() -> list[Point]:
    return run()[1]


def run(
    architecture: Architecture = NET,
    config: TrainConfig = CONFIG,
    splits: Splits | None = None,
    should_stop: Callable[[Sequence[Point]], bool] = lambda points: False,
) -> tuple[TrainingResult, list[Point]]:
    points: list[Point] = []
    result = train(
        architecture,
        config,
        splits or digits(),
        device=CPU,
        emit=points.extend,
        should_stop=lambda: should_stop(points),
    )
    return result, without_device_points(points)


def measure(model: nn.Module, split: Part) -> dict[str, float]:
    """Loss and accuracy by hand, over the whole split at once, from probabilities in float64."""
    with torch.no_grad():
        out = model.eval()(torch.from_numpy(split.x)).double()
    probabilities = out.softmax(1).numpy()  # softmax of log-probabilities gives the probabilities back
    right = probabilities[np.arange(len(split)), split.y]
    answers = probabilities.argmax(1)
    return {
        "loss": float(-np.log(right).mean()),
        "accuracy": float((answers == split.y).mean()),
        "top-5": float(((probabilities >= right[:, None]).sum(1) <= 5).mean()),
        "macro F1": float(f1_score(split.y, answers, average="macro")),
    }


def strengths(layers: dict[str, nn.Module], weights_before: dict[str, list[Tensor]]) -> dict[tuple[str, str], float]:
    """Gradient and update of each layer by hand, from the weights before and after a step."""
    strengths_by_layer = {}
    for name, layer in layers.items():
        news = list(layer.parameters())
        gradient = torch.cat([parameter.grad.flatten() for parameter in news if parameter.grad is not None]).double()
        old = torch.cat([parameter.flatten() for parameter in weights_before[name]]).double()
        new = torch.cat([parameter.detach().flatten() for parameter in news]).double()
        strengths_by_layer[name, "gradient_norm"] = float(gradient.norm())
        strengths_by_layer[name, "update_ratio"] = float((new - old).norm() / old.norm())
    return strengths_by_layer


def train_by_hand(architecture: Architecture, config: TrainConfig, splits: Splits) -> list[Point]:
    """The same training as a plain loop of SGD in torch, with every number it should report."""
    torch.manual_seed(config.seed)
    model = build_model(architecture)
    optimizer = torch.optim.SGD(model.parameters(), lr=config.learning_rate, momentum=config.momentum, fused=True)
    generator = torch.Generator().manual_seed(config.seed)
    x, y = torch.from_numpy(splits.train.x), torch.from_numpy(splits.train.y)
    layers = {str(place): layer for place, layer in enumerate(model.children(), 1) if list(layer.parameters())}
    points, step = [], 0
    for epoch in range(1, config.epochs + 1):
        for rows in torch.randperm(len(y), generator=generator).split(config.batch_size):
            model.train()
            loss = nn.functional.nll_loss(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            weights_before = {
                name: [parameter.detach().clone() for parameter in layer.parameters()] for name, layer in layers.items()
            }
            optimizer.step()
            step += 1
            points.append(Point(step, epoch, "batch", "loss", loss.item()))
        for split in ("train", "validation"):
            values = measure(model, getattr(splits, split))
            points += [Point(step, epoch, split, metric, value) for metric, value in values.items()]
        points += [Point(step, epoch, *place, value) for place, value in strengths(layers, weights_before).items()]
    return points


def key(point: Point) -> tuple[int, int, str, str]:
    return point[:4]


def test_every_number_is_that_of_a_plain_torch_loop() -> None:
    points = usual_points()
    expected = train_by_hand(NET, CONFIG, digits())
    ours = [point for point in points if point.split != "test"]
    assert sorted(map(key, ours)) == sorted(map(key, expected))
    expected_values = {key(point): point.value for point in expected}
    for point in ours:
        exact = point.split == "batch"
        assert point.value == (
            expected_values[key(point)] if exact else pytest.approx(expected_values[key(point)], rel=1e-4)
        ), point


def test_points_come_in_the_order_of_their_steps() -> None:
    points = usual_points()
    assert [p.step for p in points if p.split == "batch"] == list(range(1, 11))
    epoch = [p.split for p in points if p.epoch == 2 and p.split != "batch"]
    assert [name for name in epoch if name in ("train", "validation")] == ["train"] * 4 + ["validation"] * 4
    assert {p.split for p in points[-4:]} == {"test"}


@pytest.mark.parametrize("optimizer", ["SGD", "AdamW"])
def test_the_same_seed_gives_the_same_curve_bit_for_bit(optimizer: str) -> None:
    config = CONFIG.changed(optimizer=optimizer)
    assert run(config=config)[1] == run(config=config)[1]


CHANGES: dict[str, object] = {
    "epochs": 3,
    "batch_size": 32,
    "optimizer": "Adam",
    "learning_rate": 0.05,
    "momentum": 0.5,
    "seed": 1,
    "floor": 0.5,
    "normalization": "global",
    "augmentation": Augmentation(noise=0.1),
    "nesterov": True,
    "weight_decay": 0.01,
    "schedule": "cosine",
    "warmup": 1.0,
    "label_smoothing": 0.1,
    "max_grad_norm": 0.1,
    "mixed_precision": True,
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_control_changes_the_curve(name: str) -> None:
    assert run(config=CONFIG.changed(**{name: CHANGES[name]}))[1] != usual_points()


def test_no_control_is_forgotten() -> None:
    # the data set is given as its splits; the others have tests of their own
    elsewhere = {"dataset", "split_kind", "left_out", "loss", "step_size", "gamma", "patience", "channels_last"}
    assert CHANGES.keys() | elsewhere == TrainConfig.model_fields.keys()


@pytest.mark.parametrize("name", Augmentation.model_fields)
def test_every_augmentation_changes_the_curve(name: str) -> None:
    value: object = True if name == "flip" else 0.5 if name == "noise" else 2
    assert run(config=CONFIG.with_augmentation(**{name: value}))[1] != usual_points()


def test_only_training_samples_are_augmented_and_all_are_scaled_by_them() -> None:
    config = CONFIG.changed(floor=0.1).changed(normalization="global").with_augmentation(noise=0.3)
    result, points = run(config=config)
    scale = fit_scale(digits().train.x, 0.1, "global")
    assert result.scale.to_dict() == scale.to_dict()
    model = build_model(NET)
    model.load_state_dict(result.weights)
    test = Part(scale.apply(digits().test.x), digits().test.y)
    recorded = {p.metric: p.value for p in points if p.split == "test"}
    assert recorded == pytest.approx(measure(model, test), rel=1e-4)


def test_the_order_of_batches_and_dropout_stay_the_same_under_augmentation() -> None:
    tiny = run(config=CONFIG.with_augmentation(noise=1e-7))[1]
    assert [p.value for p in tiny] == pytest.approx([p.value for p in usual_points()], rel=1e-2, abs=1e-2)


def test_other_data_changes_the_curve() -> None:
    flipped = digits()
    other = Splits(*(Part(1 - part.x, part.y) for part in (flipped.train, flipped.validation, flipped.test)))
    assert run(splits=other)[1] != usual_points()


def test_more_epochs_begin_with_the_same_curve() -> None:
    short, long = usual_points(), run(config=CONFIG.changed(epochs=3))[1]
    begun = [point for point in short if point.split != "test"]
    assert long[: len(begun)] == begun


def test_the_training_numbers_of_large_data_come_from_its_first_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "MIN_TRAIN_SAMPLES_EVALUATED", 100)
    result, points = run(config=CONFIG.changed(epochs=1))
    model = build_model(NET)
    model.load_state_dict(result.weights)
    recorded = {p.metric: p.value for p in points if p.split == "train"}
    first = Part(digits().train.x[:100], digits().train.y[:100])
    assert recorded == pytest.approx(measure(model, first), rel=1e-4)


@pytest.mark.parametrize(("name", "value"), [("step_size", 2), ("gamma", 0.5)])
def test_the_schedule_of_steps_has_controls_of_its_own(name: str, value: float) -> None:
    step = CONFIG.changed(epochs=3).changed(schedule="step").changed(step_size=1)
    assert run(config=step.changed(**{name: value}))[1] != run(config=step)[1]
    assert run(config=CONFIG.changed(**{name: value}))[1] == usual_points()


def test_without_a_better_epoch_for_so_long_it_ends_and_says_so() -> None:
    still = CONFIG.changed(epochs=40).changed(learning_rate=2.0).changed(patience=2)
    result, points = run(SCORES, still)
    best, last = best_epoch(points)[0], max(p.epoch for p in points if p.split == "validation")
    assert last == best + 2 < 40
    assert result.note == f"Ended after epoch {last}: the last 2 epochs brought no better one."
    assert not result.stopped
    assert points[-1].split == "test"
    assert run(config=CONFIG.changed(patience=2))[1] == usual_points()


def test_smoothed_labels_are_for_training_alone_and_the_same_behind_log_softmax() -> None:
    smooth = CONFIG.changed(label_smoothing=0.2)
    logs = SCORES.insert_layer(2, LogSoftmax(dim=1))
    with_logs, without = run(logs, smooth)[1], run(SCORES, smooth)[1]
    assert [p.value for p in with_logs] == pytest.approx([p.value for p in without], rel=1e-3)
    result, points = run(SCORES, smooth)
    model = build_model(SCORES)
    model.load_state_dict(result.weights)
    recorded = {p.metric: p.value for p in points if p.split == "test"}
    assert recorded == pytest.approx(measure(model, digits().test), rel=1e-4)


def test_a_clipped_gradient_moves_the_weights_no_further_than_that() -> None:
    config = CONFIG.changed(epochs=1).changed(max_grad_norm=1e-4).changed(momentum=0)
    torch.manual_seed(config.seed)
    before = build_model(SCORES).state_dict()
    after = run(SCORES, config)[0].weights
    moved = torch.cat([(after[name] - before[name]).flatten() for name in before]).norm()
    assert 0 < moved <= 5 * config.learning_rate * 1e-4 * 1.01


def test_momentum_is_sgds_alone() -> None:
    adam = CONFIG.changed(optimizer="Adam")
    assert run(config=adam)[1] == run(config=adam.changed(momentum=0.1))[1]


def test_the_loss_is_the_same_with_and_without_log_softmax() -> None:
    logs = SCORES.insert_layer(2, LogSoftmax(dim=1))
    assert isinstance(build_criterion(logs, CONFIG), nn.NLLLoss)
    assert isinstance(build_criterion(SCORES, CONFIG), nn.CrossEntropyLoss)
    with_logs, without = run(logs)[1], run(SCORES)[1]
    assert [key(p) for p in with_logs] == [key(p) for p in without]
    assert [p.value for p in with_logs] == pytest.approx([p.value for p in without], rel=1e-3)


@pytest.mark.parametrize("loss", ["NLLLoss", "CrossEntropyLoss"])
@pytest.mark.parametrize("design", [NET, SCORES])
def test_a_loss_that_was_chosen_is_used_whatever_the_net_ends_in(loss: str, design: Architecture) -> None:
    assert type(build_criterion(design, CONFIG.changed(loss=loss))) is getattr(nn, loss)


def test_another_loss_changes_the_curve_and_the_usual_one_does_not() -> None:
    usual_loss = run(SCORES)[1]
    assert run(SCORES, CONFIG.changed(loss="CrossEntropyLoss"))[1] == usual_loss
    raw = run(SCORES, CONFIG.changed(loss="NLLLoss"))[1]
    assert raw != usual_loss
    assert min(point.value for point in raw if point.metric == "loss") < 0  # scores taken for log-probabilities


@pytest.mark.parametrize("steps", [1, 3, 5, 6])
def test_a_stop_ends_within_one_step(steps: int) -> None:
    stop_calls = 0

    def after_steps(points: Sequence[Point]) -> bool:
        nonlocal stop_calls
        stop_calls += 1
        return stop_calls >= steps

    result, points = run(should_stop=after_steps)
    assert result.stopped
    assert sum(point.split == "batch" for point in points) == min(steps, 5)  # asked at every evaluated batch, too
    assert not any(point.split in ("validation", "test") for point in points)


def test_a_stop_before_the_first_epoch_ended_has_no_best_epoch() -> None:
    result, _ = run(should_stop=lambda points: True)
    assert (result.best_epoch, result.stopped) == (0, True)


@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_stop_during_evaluation_leaves_neither_half_numbers_nor_a_test(split: str) -> None:
    result, points = run(should_stop=lambda points: any(p.split == split and p.epoch == 2 for p in points))
    assert result.stopped
    measured_splits = [(p.split, p.epoch) for p in points if p.split in ("train", "validation", "test")]
    assert measured_splits[-1] == (split, 2)
    whole = [p for p in points if p.split != "batch"]
    assert len(whole) == len({key(p) for p in whole})
    assert result.best_epoch == (1 if split == "train" else best_epoch(points)[0])


def test_a_stop_during_the_test_leaves_no_test_point() -> None:
    def at_the_end(points: Sequence[Point]) -> bool:
        last = [p for p in points if p.split == "validation" and p.epoch == CONFIG.epochs]
        return len(last) == 4

    result, points = run(should_stop=at_the_end)
    assert result.stopped
    assert "test" not in {p.split for p in points}


def equal_states(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def by_hand_weights(architecture: Architecture, config: TrainConfig) -> dict[str, Tensor]:
    """The weights behind the last epoch of a plain loop."""
    torch.manual_seed(config.seed)
    model = build_model(architecture)
    optimizer = torch.optim.SGD(model.parameters(), lr=config.learning_rate, momentum=config.momentum, fused=True)
    generator = torch.Generator().manual_seed(config.seed)
    x, y = torch.from_numpy(digits().train.x), torch.from_numpy(digits().train.y)
    for _ in range(config.epochs):
        for rows in torch.randperm(len(y), generator=generator).split(config.batch_size):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
    return model.state_dict()


def test_the_weights_are_those_of_the_best_epoch_and_not_of_the_last() -> None:
    config = TrainConfig(epochs=4, learning_rate=0.3, normalization="none")
    second = by_hand_weights(SCORES, config.changed(epochs=2))
    model = build_model(SCORES)
    model.load_state_dict(second)
    x = digits().validation.x
    answers = model(torch.from_numpy(x)).argmax(1).numpy()  # nobody can be better at these than the second epoch
    result, points = run(SCORES, config, Splits(digits().train, Part(x, answers), digits().test))
    assert result.best_epoch == best_epoch(points)[0] == 2
    assert equal_states(result.weights, second)
    assert not equal_states(result.weights, by_hand_weights(SCORES, config))


@pytest.mark.parametrize("architecture", [NET, PRESETS["digits-convnet"].architecture])
def test_the_best_weights_give_the_recorded_test_numbers(architecture: Architecture) -> None:
    result, points = run(architecture)
    model = build_model(architecture)
    model.load_state_dict(result.weights)
    recorded = {p.metric: p.value for p in points if p.split == "test"}
    assert recorded == pytest.approx(measure(model, digits().test), rel=1e-4)
    (place,) = {(p.step, p.epoch) for p in points if p.split == "test"}
    assert place == (result.best_epoch * 5, result.best_epoch)
    validation = {p.metric: p.value for p in points if p.split == "validation" and p.epoch == result.best_epoch}
    assert validation == pytest.approx(measure(model, digits().validation), rel=1e-4)


def test_the_weights_lie_on_the_cpu_and_ask_for_no_gradient() -> None:
    result, _ = run()
    assert all(not value.requires_grad and value.device == CPU for value in result.weights.values())


DIVERGING = Architecture(
    input_shape=(1, 8, 8), layers=[Flatten(), *[Linear(out_features=32)] * 3, Linear(out_features=10)]
)


def test_a_divergence_is_told_with_its_step_and_a_way_out() -> None:
    points: list[Point] = []
    with pytest.raises(
        TrainingError,
        match=r"^The (batch|training) loss stopped being a number at step \d+ \(epoch 1\): the training diverged\. "
        r"Try a learning rate ten times smaller \(1\), or gradient clipping at 1\.$",
    ):
        train(
            DIVERGING,
            TrainConfig(epochs=2, learning_rate=10),
            digits(),
            device=CPU,
            emit=points.extend,
            should_stop=lambda: False,
        )
    assert all(np.isfinite(point.value) for point in points)
    assert [point.step for point in points if point.split == "batch"] == list(range(1, points[-1].step + 1))


def test_the_digits_preset_is_above_nine_tenths_within_a_few_epochs() -> None:
    _, points = run(
        PRESETS["digits-convnet"].architecture, TrainConfig(epochs=3, learning_rate=0.05), DIGITS.load_splits()
    )
    (accuracy,) = [p.value for p in points if p.split == "test" and p.metric == "accuracy"]
    assert accuracy > 0.9


def test_the_best_epoch_is_the_most_accurate_and_then_the_one_of_lowest_loss() -> None:
    def epoch(number: int, accuracy: float, loss: float) -> list[Point]:
        return [
            Point(number, number, "validation", "accuracy", accuracy),
            Point(number, number, "validation", "loss", loss),
            Point(number, number, "train", "accuracy", 1.0),
        ]

    assert best_epoch([]) == (0, 0.0)
    points = epoch(1, 0.5, 1.0) + epoch(2, 0.7, 0.9) + epoch(3, 0.7, 0.8) + epoch(4, 0.6, 0.1)
    assert best_epoch(points) == (3, 0.7)
    half = [*points, Point(5, 5, "validation", "accuracy", 0.9)]  # its loss has not come yet
    assert best_epoch(half) == (3, 0.7)


@pytest.mark.parametrize("samples", [2, 63, 64, 65, 128, 129, 1437])
@pytest.mark.parametrize("batch_size", [1, 2, 64, 4096])
def test_the_number_of_steps_is_known_beforehand(samples: int, batch_size: int) -> None:
    whole, rest = divmod(samples, batch_size)
    expected = max(1, whole + (rest > 1))
    assert steps_per_epoch(samples, batch_size) == expected
