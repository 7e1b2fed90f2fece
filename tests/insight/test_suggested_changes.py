"""Each suggested change is exactly one, and what comes of it can be trained."""

import pytest

from cnnviz.architecture import find_refusing_step, output_shape, trace
from cnnviz.insight.single_differences import Aspect, Setup, find_differences
from cnnviz.insight.suggested_changes import add_convolution, change_both, suggest_changes
from cnnviz.layers import Conv2d, ReLU
from cnnviz.presets import PRESETS
from cnnviz.training.config import TrainConfig

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
