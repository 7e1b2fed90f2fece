"""torch is the judge: for every kind, our answer is torch's real output and our refusal torch's refusal."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticUndefined

from cnnviz import layers as package
from cnnviz.errors import ShapeError
from cnnviz.layers import PALETTE, Block
from cnnviz.layers.base import Layer, torch_defaults
from cnnviz.layers.written_modules import WRITTEN_MODULES
from tests.strategies import layers, shapes
from tests.torch_oracle import accepted_shape, our_output_shape, torch_multiply_adds, torch_result


@pytest.mark.parametrize("kind", PALETTE)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_shape_parameters_and_refusal_are_torchs(kind: str, data: st.DataObject) -> None:
    layer, shape = data.draw(layers(kind)), data.draw(shapes)
    expected, parameters = torch_result(layer, shape)
    assert our_output_shape(layer, shape) == expected, (layer, shape)
    if expected is not None:
        assert layer.parameters(shape) == parameters
        assert layer.formula(shape)
        assert layer.multiply_adds(shape) == torch_multiply_adds(layer, shape)


@pytest.mark.parametrize("padding", range(4))
@pytest.mark.parametrize("kernel_size", range(1, 6))
def test_padding_of_a_dilated_pool_is_held_against_its_kernel_size(kernel_size: int, padding: int) -> None:
    layer = PALETTE["MaxPool2d"](kernel_size=kernel_size, padding=padding, dilation=3)
    assert our_output_shape(layer, (1, 14, 14)) == torch_result(layer, (1, 14, 14))[0]


@pytest.mark.parametrize("batch", [2, 3])
def test_a_layer_norm_never_scales_over_the_batch(batch: int) -> None:
    layer = PALETTE["LayerNorm"](normalized_shape=(batch, 2))
    assert our_output_shape(layer, (2,)) is None
    assert torch_result(layer, (2,))[0] is None


@pytest.mark.parametrize("kind", PALETTE)
def test_fresh_layer_builds_and_its_code_gives_the_same_module(kind: str) -> None:
    shape = accepted_shape(kind)
    layer = PALETTE[kind].default(shape)
    assert layer.output_shape(shape) == torch_result(layer, shape)[0]
    if not isinstance(layer, Block):
        written = eval(layer.code(shape), {"nn": torch.nn, **WRITTEN_MODULES})  # noqa: S307 (our own text)
        assert repr(written) == repr(layer.build_module(shape))


@pytest.mark.parametrize("kind", PALETTE)
def test_every_kind_tells_what_it_is_and_names_torchs_own_parameters(kind: str) -> None:
    cls = PALETTE[kind]
    assert cls.__name__ == kind
    assert cls.summary.endswith(".")
    assert all(info.description for name, info in cls.model_fields.items() if name != "kind")
    if not issubclass(cls, Block):
        assert set(cls.model_fields) - {"kind"} <= set(torch_defaults(kind))


def test_refusals_name_axis_and_numbers() -> None:
    with pytest.raises(ShapeError, match=r"a window of 5 does not fit a height of 3 with padding 0; use a kernel_size"):
        PALETTE["MaxPool2d"](kernel_size=5).output_shape((1, 3, 9))
    with pytest.raises(ShapeError, match=r"padding='same' keeps the size only with a stride of 1, not 2"):
        PALETTE["Conv2d"](out_channels=1, kernel_size=3, stride=2, padding="same").output_shape((1, 9, 9))
    with pytest.raises(ShapeError, match=r"3 groups do not divide 4 input channels evenly"):
        PALETTE["Conv2d"](out_channels=3, kernel_size=1, groups=3).output_shape((4, 9, 9))
    with pytest.raises(ShapeError, match=r"more than half of the window of 2; use at most 1"):
        PALETTE["AvgPool2d"](kernel_size=2, padding=2).output_shape((4, 9, 9))
    with pytest.raises(ShapeError, match=r"expects a sample with axes \(channels, height, width\), but gets 880"):
        PALETTE["Conv2d"](out_channels=1, kernel_size=3).output_shape((880,))


def _kinds_below(cls: type[Layer]) -> set[str]:
    kinds = {
        below.model_fields["kind"].default for below in cls.__subclasses__() if below.__module__.startswith("cnnviz.")
    }
    return kinds.union(*map(_kinds_below, cls.__subclasses__())) - {PydanticUndefined}


def test_every_kind_that_is_written_is_in_the_palette_and_can_be_imported_from_the_package() -> None:
    assert _kinds_below(Layer) == set(PALETTE) == {name for name in package.__all__ if name in PALETTE}
