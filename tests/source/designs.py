"""Designs to write as code and read back."""

from hypothesis import strategies as st

from cnnviz.architecture import Architecture, output_shape, trace
from cnnviz.architecture.step import Step
from cnnviz.errors import ShapeError
from cnnviz.layers import Block, Conv2d, Layer, LayerNorm, Parallel, ReLU, Residual
from cnnviz.layers.norm import LastAxesNorm
from tests.strategies import architectures


def fitting_part(architecture: Architecture) -> Architecture:
    """Returns the design up to the first layer that refuses."""
    try:
        output_shape(architecture)
    except ShapeError:
        return fitting_part(architecture.remove_layer(len(architecture.layers) - 1))
    return architecture


buildable_nets = architectures().map(fitting_part)
"""Generated designs of all kinds of layers, blocks among them, that fit."""

NESTED = Architecture(
    input_shape=(3, 16, 16),
    layers=(
        Conv2d(out_channels=8, kernel_size=(3, 5), padding="same", padding_mode="circular", bias=False, dilation=2),
        Residual.default((8, 16, 16)),
        Residual(
            layers=(Conv2d(out_channels=4, kernel_size=2, stride=2), Residual(layers=(ReLU(), LayerNorm()))),
            projection=(Conv2d(out_channels=4, kernel_size=1, stride=2),),
        ),
        Parallel(branches=((), (Parallel(branches=((ReLU(),),)),), (Conv2d(out_channels=1, kernel_size=1),))),
        Parallel(branches=((),)),
        Residual(),
    ),
)
"""Blocks in blocks, with stacks of every length."""


def canonical(architecture: Architecture) -> Architecture:
    """Returns the design as `from_code` reads it: normalized_shape None for the whole sample, a number for one axis."""
    return Architecture(input_shape=architecture.input_shape, layers=tuple(map(_canonical_layer, trace(architecture))))


def _canonical_layer(step: Step) -> Layer:
    layer = step.layer
    if isinstance(layer, Block):
        return layer.with_stacks([tuple(map(_canonical_layer, stack)) for stack in step.stacks])
    if not isinstance(layer, LastAxesNorm):
        return layer
    scaled = layer.inferred_arguments(step.input_shape)["normalized_shape"]
    assert isinstance(scaled, tuple)
    shape = None if scaled == step.input_shape else scaled[0] if len(scaled) == 1 else scaled
    return layer.model_copy(update={"normalized_shape": shape})


designs = st.one_of(buildable_nets, st.just(NESTED))
