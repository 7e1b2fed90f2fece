"""Settings on the command line: a number is the one that was meant, or it is refused."""

import pytest

from cnnviz.cli.config import load_config
from cnnviz.errors import TrainingError


@pytest.mark.parametrize("typed", ["0,05", "0.05", "5e-2"])
def test_a_decimal_comma_is_a_decimal_point(typed: str) -> None:
    assert load_config(None, (f"learning_rate={typed}",)).learning_rate == 0.05


@pytest.mark.parametrize(
    "change", ["epochs=1,5", "epochs=1.000", "epochs=1,000", "learning_rate=1.000,5", "learning_rate=1,000"]
)
def test_what_could_be_another_number_is_refused(change: str) -> None:
    name, _, typed = change.partition("=")
    with pytest.raises(TrainingError, match=f"{name}: should be .*received '?{typed[0]}"):
        load_config(None, (change,))
