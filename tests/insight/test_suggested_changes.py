"""Each suggested change is exactly one, or recommended, and what comes of it can be trained."""

from dataclasses import replace

import pytest

from cnnviz.advice import Task, advise
from cnnviz.architecture import find_refusing_step, output_shape, trace
from cnnviz.insight.recommended_changes import recommended_changes
from cnnviz.insight.single_differences import Aspect, Setup, find_differences
from cnnviz.insight.suggested_changes import add_convolution, change_both, suggest_changes
from cnnviz.insight.verdicts import find_verdicts
from cnnviz.layers import Conv2d, ReLU
from cnnviz.presets import PRESETS
from cnnviz.training.config import TrainConfig
from tests.insight.test_teacher import all_cases

CONFIGS = [TrainConfig(), TrainConfig(optimizer="Adam", batch_size=1, learning_rate=10.0, epochs=1000)]


@pytest.mark.parametrize("config", CONFIGS, ids=["default", "extreme"])
@pytest.mark.parametrize("name", sorted(PRESETS))
def test_each_is_one_difference_and_fits(name: str, config: TrainConfig) -> None:
    start = Setup(PRESETS[name].architecture, config)
    changes = suggest_changes(start)
    assert len({change.label for change in changes}) == len(changes) > 8
    for change in changes:
        assert find_differences(start, change.setup) == (change.difference,)
        net = change.setup.architecture
        assert find_refusing_step(trace(net)) is None
        assert output_shape(net) == output_shape(start.architecture)
    assert {Aspect.NET, Aspect.SETTING} == {change.difference.aspect for change in changes}


def test_a_change_to_the_net_and_one_to_the_settings_go_together() -> None:
    start = Setup(PRESETS["lab-convnet"].architecture, TrainConfig())
    changes = suggest_changes(start)
    net = next(change for change in changes if change.difference.aspect == Aspect.NET)
    setting = next(change for change in changes if change.difference.aspect == Aspect.SETTING)
    assert change_both(None, None, start) == start
    assert change_both(net, None, start) == net.setup
    assert change_both(None, setting, start) == setting.setup
    assert {difference.label for difference in find_differences(start, change_both(net, setting, start))} == {
        net.label,
        setting.label,
    }


def test_one_more_convolution_keeps_channels_and_sizes() -> None:
    lab = PRESETS["lab-convnet"].architecture
    deeper = add_convolution(lab)
    assert deeper
    (added,) = [layer for layer in deeper.layers if isinstance(layer, Conv2d) and layer not in lab.layers]
    assert (added.out_channels, added.padding, added.stride) == (10, "same", 1)
    assert sum(isinstance(layer, ReLU) for layer in deeper.layers) == 2
    assert add_convolution(PRESETS["resnet-18"].architecture) is None, "a net of blocks is not made deeper this way"


@pytest.mark.parametrize("name", all_cases())
def test_what_verdicts_and_advice_recommend_is_offered_first(name: str) -> None:
    """Try a change had a list of its own, without the time shift of a verdict and the ReLU of the Design page."""
    run = all_cases()[name].run
    start = Setup(run.architecture, run.config)
    changes = suggest_changes(start, recommended_changes(run))
    task = Task(classes=run.classes, samples=run.part_sizes[0] if run.part_sizes else None, batch_size=64)
    wanted = {
        Setup(change.architecture, change.config) for each in find_verdicts(run) for change in each.suggested_runs
    }
    wanted |= {Setup(each.mend.architecture, run.config) for each in advise(run.architecture, task) if each.mend}
    labels = {_label(start, setup) for setup in wanted}
    assert {change.label for change in changes if change.is_recommended} == labels
    assert {change.label for change in changes[: len(labels)]} == labels
    assert {change.label for change in suggest_changes(start)} - labels == {
        change.label for change in changes[len(labels) :]
    }


def _label(start: Setup, changed: Setup) -> str:
    return " and ".join(difference.label for difference in find_differences(start, changed))


def test_the_first_step_of_the_design_page_and_the_shift_of_the_verdict_are_among_them() -> None:
    run = replace(all_cases()["words, the lab's net, 40 epochs"].run, axes=("channel", "time", "band"))
    start = Setup(run.architecture, run.config)
    labels = [change.label for change in suggest_changes(start, recommended_changes(run)) if change.is_recommended]
    assert labels[0] == "time shift 0 → 6"
    assert "+ReLU after layer 6" in labels, "between the two Linears"


def test_several_things_are_recommended_together_but_never_made_up() -> None:
    lab = PRESETS["lab-convnet"].architecture
    start = Setup(lab, TrainConfig())
    both = Setup(lab.update_layer(0, kernel_size=3), TrainConfig(learning_rate=0.5))
    first, *others = suggest_changes(start, (both, start))
    assert first.label == "kernel size 10 → 3 in layer 1 and learning rate 0.01 → 0.5"
    assert all(len(change.differences) == 1 and not change.is_recommended for change in others)
