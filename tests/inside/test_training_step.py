"""One step by hand, with torch's optimizers and torch's gradients as the oracle."""

import copy
from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.architecture import Architecture
from cnnviz.errors import CnnvizError
from cnnviz.inside.optimizer_rules import RULES, Memory
from cnnviz.inside.subject import build_untrained
from cnnviz.inside.training_step import follow_step, weight_names
from cnnviz.layers import BatchNorm2d, Conv2d, Dropout, Flatten, Linear, ReLU, Residual
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from cnnviz.training.loss import build_training_loss

NET = Architecture(
    input_shape=(1, 6, 5),
    layers=(
        Conv2d(out_channels=3, kernel_size=(3, 3)),
        BatchNorm2d(),
        ReLU(),
        Residual(layers=(Conv2d(out_channels=3, kernel_size=(1, 1)),)),
        Flatten(),
        Dropout(p=0.3),
        Linear(out_features=4),
    ),
)
BATCH = (torch.randn(5, 1, 6, 5, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 3, 0]))
MODEL = build_untrained(NET, seed=0)
CONFIGS = st.builds(
    TrainConfig,
    optimizer=st.sampled_from(list(OPTIMIZERS)),
    learning_rate=st.floats(1e-5, 0.5),
    momentum=st.sampled_from([0.0, 0.5, 0.9]),
    nesterov=st.booleans(),
    weight_decay=st.sampled_from([0.0, 1e-4, 0.3]),
    max_grad_norm=st.sampled_from([0.0, 0.1, 100.0]),
    label_smoothing=st.sampled_from([0.0, 0.1]),
    seed=st.integers(0, 3),
)


def test_every_optimizer_has_a_rule() -> None:
    assert list(RULES) == sorted(OPTIMIZERS, key=list(RULES).index)
    assert set(RULES) == set(OPTIMIZERS)


@settings(deadline=None, max_examples=300)
@given(CONFIGS, st.lists(st.floats(-3, 3), min_size=1, max_size=6), st.floats(-2, 2))
def test_a_rule_by_hand_is_torchs_optimizer_over_any_gradients(
    config: TrainConfig, gradients: list[float], start: float
) -> None:
    parameter = torch.nn.Parameter(torch.tensor([start], dtype=torch.float64))
    optimizer = OPTIMIZERS[config.optimizer]([parameter], config)
    memory = Memory()
    for gradient in gradients:
        update = RULES[config.optimizer](float(parameter.detach()), gradient, config, memory)
        parameter.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        memory = update.memory
        assert update.weight == pytest.approx(float(parameter.detach()), rel=1e-9, abs=1e-12)
        assert update.lines[-1].value == update.weight


@settings(deadline=None, max_examples=60)
@given(CONFIGS, st.sampled_from(weight_names(MODEL)), st.integers(0, 3), st.randoms(use_true_random=False))
def test_a_followed_weight_is_that_of_torchs_own_training(
    config: TrainConfig, name: str, before: int, random: Random
) -> None:
    place = tuple(random.randrange(size) for size in dict(MODEL.named_parameters())[name].shape)
    followed = follow_step(NET, MODEL, BATCH, config, name=name, index=place, steps_before=before)

    model, criterion = copy.deepcopy(MODEL).double().train(), build_training_loss(NET, config)
    optimizer, parameter = (
        OPTIMIZERS[config.optimizer](model.parameters(), config),
        dict(model.named_parameters())[name],
    )
    for _ in range(before + 1):
        optimizer.zero_grad()
        torch.manual_seed(config.seed)
        loss = criterion(model(BATCH[0].double()), BATCH[1])
        loss.backward()
        weight, gradient = float(parameter.detach()[place]), float(parameter.grad[place])  # type: ignore[index]
        if config.max_grad_norm:
            torch.nn.utils.clip_grad_norm_(model.parameters(), config.max_grad_norm)
        clipped = float(parameter.grad[place])  # type: ignore[index]
        optimizer.step()
    assert followed.loss == pytest.approx(float(loss.detach()))
    assert followed.weight == pytest.approx(weight)
    assert followed.gradient == pytest.approx(gradient, rel=1e-6, abs=1e-12)
    assert followed.gradient * followed.clipping == pytest.approx(clipped, rel=1e-6, abs=1e-12)
    assert followed.new_weight == pytest.approx(float(parameter.detach()[place]), rel=1e-9)
    assert followed.update.weight == pytest.approx(followed.new_weight, rel=1e-6, abs=1e-9)
    if name == weight_names(MODEL)[-1] and not before:
        torch.manual_seed(config.seed)
        scores = copy.deepcopy(MODEL).double().train()(BATCH[0].double())
        assert followed.forward == pytest.approx(float(scores.detach()[0, place[0]]))
    assert followed.path[-1].layer == "7 Linear"
    assert followed.path[-1].gradient_norm > 0


@pytest.mark.parametrize("name", weight_names(MODEL))
def test_the_measured_slope_of_the_loss_is_the_gradient(name: str) -> None:
    place = (0,) * dict(MODEL.named_parameters())[name].dim()
    step = follow_step(NET, MODEL, BATCH, TrainConfig(), name=name, index=place)
    assert step.nudged_gradient == pytest.approx(step.gradient, rel=1e-4, abs=1e-7)


def test_the_path_leads_from_the_weights_layer_to_the_scores() -> None:
    def path(name: str) -> list[str]:
        index = (0,) * dict(MODEL.named_parameters())[name].dim()
        return [stop.layer for stop in follow_step(NET, MODEL, BATCH, TrainConfig(), name=name, index=index).path]

    first, *_, last = weight_names(MODEL)
    assert path(first) == [
        "1 Conv2d", "2 BatchNorm2d", "3 ReLU", "4.a1 Conv2d", "5 Flatten", "6 Dropout", "7 Linear",
    ]  # fmt: skip
    assert path(last) == ["7 Linear"]


def test_the_net_stays_as_it_was_and_so_do_the_random_numbers_of_others() -> None:
    before = copy.deepcopy(MODEL.state_dict())
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    follow_step(NET, MODEL, BATCH, TrainConfig(), name=weight_names(MODEL)[0], index=(0, 0, 0, 0), steps_before=2)
    assert torch.equal(torch.rand(2), expected)
    assert all(torch.equal(value, MODEL.state_dict()[name]) for name, value in before.items())


@pytest.mark.parametrize(("name", "index"), [("nothing", (0,)), ("conv1.weight", (0,)), ("conv1.bias", (3,))])
def test_a_weight_that_is_not_there_is_refused(name: str, index: tuple[int, ...]) -> None:
    with pytest.raises(CnnvizError, match="no such weight"):
        follow_step(NET, MODEL, BATCH, TrainConfig(), name=name, index=index)


def test_a_training_that_has_diverged_is_refused() -> None:
    with pytest.raises(CnnvizError, match="not a number"):
        follow_step(
            NET, MODEL, BATCH, TrainConfig(learning_rate=10, weight_decay=1), name="conv1.bias", index=(0,),
            steps_before=2000,
        )  # fmt: skip
