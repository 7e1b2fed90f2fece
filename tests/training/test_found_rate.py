import pytest

from cnnviz.presets import PRESETS
from cnnviz.training.config import TrainConfig
from cnnviz.training.found_rate import FoundRate

NET, OTHER_NET = (PRESETS[name].architecture for name in ("digits-convnet", "lab-convnet"))
CONFIG = TrainConfig(dataset="digits", optimizer="SGD", learning_rate=0.01)
FOUND = FoundRate(rate=0.14, architecture=NET, config=CONFIG)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ()),
        ({"epochs": 3, "seed": 5}, ()),
        ({"optimizer": "Adam"}, ("optimizer",)),
        ({"dataset": "words", "batch_size": 8}, ("dataset", "batch_size")),
        ({"learning_rate": 0.02, "optimizer": "Adam"}, ()),
    ],
)
def test_what_has_changed_since_a_rate_was_found_is_named(
    changes: dict[str, object], expected: tuple[str, ...]
) -> None:
    """A rate that was typed since then is the student's own."""
    config = CONFIG.changed(**{"learning_rate": 0.14} | changes)
    assert FOUND.changed_conditions(NET, config) == expected


def test_another_net_comes_first() -> None:
    config = CONFIG.changed(learning_rate=0.14, optimizer="Adam")
    assert FOUND.changed_conditions(OTHER_NET, config) == ("net", "optimizer")
