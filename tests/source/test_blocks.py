"""A block kind that cnnviz.source does not know is written and read by what it declares."""

from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings

from cnnviz.architecture import Architecture
from cnnviz.errors import DesignError
from cnnviz.layers import Conv2d, ReLU, Residual
from cnnviz.source import STYLES, Style, from_code, to_code
from tests.layers.new_block import Gated, in_palette
from tests.source.designs import canonical, fitting_part
from tests.source.test_write import with_the_same_weights
from tests.strategies import layers

EVERY_STYLE = pytest.mark.parametrize("style", STYLES)
CONV = Conv2d(out_channels=3, kernel_size=3, padding=1)


@pytest.fixture(scope="module", autouse=True)
def _gated_in_palette() -> Iterator[None]:
    with in_palette(Gated):
        yield


def gated() -> Gated:
    return Gated(gate=(CONV,), paths=((), (CONV, Residual(layers=(ReLU(),)))))


@EVERY_STYLE
@settings(max_examples=50, deadline=None)
@given(layer=layers("Gated"))
def test_a_new_kind_comes_back_from_its_code(layer: Gated, style: Style) -> None:
    architecture = fitting_part(Architecture(input_shape=(3, 8, 8), layers=[gated(), layer]))
    assert from_code(to_code(architecture, style)) == canonical(architecture)


@EVERY_STYLE
def test_the_code_of_a_new_kind_computes_what_the_net_computes(style: Style) -> None:
    ours, written = with_the_same_weights(Architecture(input_shape=(3, 8, 8), layers=[gated()]), style)
    x = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(written(x), ours(x))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "Gated takes layers"),
        ("nn.ReLU(), 3", "Gated takes layers"),
        ("nn.ReLU(), gate=nn.ReLU()", "Gated gets gate twice"),
    ],
)
def test_a_new_kind_that_gets_something_else_is_refused_with_its_line(arguments: str, message: str) -> None:
    text = f"{Gated.class_source()}\nmodel = nn.Sequential(Gated({arguments}))"
    with pytest.raises(DesignError, match=rf"Line 12: {message}"):
        from_code(text, (3, 8, 8))
