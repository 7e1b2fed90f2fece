"""Builds variants of a design from a few choices; every variant fits its input and keeps its output."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError

from cnnviz.architecture import Architecture, LayerPath, find_refusing_step, output_shape
from cnnviz.architecture.step import trace_shapes
from cnnviz.errors import DesignError, ShapeError
from cnnviz.layers import PALETTE, Block, Layer, Linear, family
from cnnviz.layers.conv import Conv, ConvBase
from cnnviz.layers.pool.window_pool import Pool
from cnnviz.layers.window import collapse_equal, per_axis
from cnnviz.validation import describe_error

Layers = tuple[Layer, ...]

NO_NORMALIZATION, BATCH_NORM = "none", "BatchNorm"
"""Values of `Choices.normalization`: no norm at all, or one after every layer with weights but the last."""
OUTPUTS = ("Softmax", "LogSoftmax", "Softmin", "Softmax2d", "GLU")
"""Kinds of activation that form the output of a net, and are therefore never replaced."""
MIN_WIDTH = 1 / 16


@dataclass(frozen=True)
class Choices:
    """Changes to a design and to its training settings; None, or a width of 1, leaves things as they are."""

    width: float = 1.0
    """Factor on the filters and units of all layers but the last."""
    depth: int | None = None
    """Number of convolutions, each with the norm, activation, pool and dropout after it."""
    kernel_size: int | None = None
    dropout: float | None = None
    """Probability that a value is zeroed; 0 removes every dropout."""
    activation: str | None = None
    normalization: str | None = None
    learning_rate: float | None = None
    optimizer: str | None = None


def build_variant(
    architecture: Architecture, choices: Choices, max_multiply_adds: float = float("inf")
) -> Architecture:
    """Returns the design with the choices applied: same input shape, same output shape, and every layer fits.

    Windows shrink to the size of their input, and a pool that would have nothing to do is left out. A choice that is
    impossible is ignored; of layers in blocks, only width and activation change. While a net takes more than
    `max_multiply_adds`, its filters are halved, unless the original design takes that many itself.

    >>> from cnnviz.presets import PRESETS
    >>> lab = PRESETS["lab-convnet"].architecture
    >>> build_variant(lab, Choices()) == lab
    True
    >>> [layer.kind for layer in build_variant(lab, Choices(depth=2, dropout=0.0)).layers][:6]
    ['Conv2d', 'MaxPool2d', 'ReLU', 'Conv2d', 'MaxPool2d', 'ReLU']
    """
    target_shape = output_shape(architecture)
    design = architecture
    for edit in (_set_depth, _set_kernel_size, _set_normalization, _set_activation, _set_dropout):
        design = _try_edit(edit, design, choices, target_shape) or design
    max_multiply_adds = max(max_multiply_adds, _multiply_adds(architecture))
    width = choices.width
    while width >= MIN_WIDTH:
        scaled = _try_edit(_set_width, design, Choices(width=width), target_shape)
        if scaled and _multiply_adds(scaled) <= max_multiply_adds:
            return scaled
        width /= 2
    return architecture if _multiply_adds(design) > max_multiply_adds else design


Edit = Callable[[Architecture, Choices], Architecture]


def _try_edit(edit: Edit, design: Architecture, choices: Choices, target_shape: tuple[int, ...]) -> Architecture | None:
    """Returns the edited design with windows that fit; None if it is impossible or has another output shape."""
    try:
        edited = _fit_windows(edit(design, choices))
        return edited if output_shape(edited) == target_shape else None
    except (DesignError, ShapeError):
        return None


def _fit_windows(design: Architecture) -> Architecture:
    """Returns the design with windows no larger than their input, and without pools over a single value."""
    for _ in design.layers:
        refused_step = find_refusing_step(trace_shapes(design))
        if refused_step is None:
            break
        smaller_window = next(
            (change for change in refused_step.suggested_changes if set(change) == {"kernel_size"}), None
        )
        if smaller_window is None:
            break
        is_useless_pool = isinstance(refused_step.layer, Pool) and smaller_window["kernel_size"] == 1
        design = (
            design.remove_layer(refused_step.path)
            if is_useless_pool
            else design.update_layer(refused_step.path, **smaller_window)
        )
    return design


def _multiply_adds(design: Architecture) -> int:
    return sum(step.multiply_adds for step in trace_shapes(design))


def conv_groups(architecture: Architecture) -> list[Layers]:
    """Returns each convolution with the norm, activation, pool and dropout that follow it.

    Empty for a net with blocks or transposed convolutions, which cannot be made deeper by repeating a convolution.
    """
    if any(isinstance(layer, Block | ConvBase) and not isinstance(layer, Conv) for layer in architecture.layers):
        return []
    groups: list[Layers] = []
    for layer in architecture.layers:
        if isinstance(layer, Conv):
            groups.append((layer,))
        elif groups and (family(layer.kind) in ("norm", "activation", "dropout") or isinstance(layer, Pool)):
            groups[-1] = (*groups[-1], layer)
        elif groups:
            break
    convs = sum(isinstance(layer, Conv) for layer in architecture.layers)
    return groups if len(groups) == convs else []


def _set_depth(design: Architecture, choices: Choices) -> Architecture:
    """Returns the design with the chosen number of convolutions.

    Removes the last ones, or repeats the last one with twice its filters each time. After repeating, convolutions
    without a stride keep the size and pools at most halve it, so that later layers have something left to work on.
    """
    groups = conv_groups(design)
    if not groups or choices.depth in (None, len(groups)):
        return design
    begin = next(i for i, layer in enumerate(design.layers) if isinstance(layer, Conv))
    end = begin + sum(map(len, groups))
    kept = groups[: choices.depth]
    if len(groups) < (choices.depth or 0):
        while len(kept) < (choices.depth or 0):
            kept.append(_double_filters(kept[-1]))
        kept = [tuple(map(_preserve_size, group)) for group in kept]
    stack = (layer for group in kept for layer in group)
    return _replace_layers(design, (*design.layers[:begin], *stack, *design.layers[end:]))


def _double_filters(group: Layers) -> Layers:
    conv, *rest = group
    assert isinstance(conv, Conv)  # noqa: S101 (every group begins with one)
    filters = min(2 * conv.out_channels, 65_536)
    return (conv.model_copy(update={"out_channels": filters, "groups": 1, "stride": 1}), *rest)


def _preserve_size(layer: Layer) -> Layer:
    """Returns a convolution that keeps the size, or a pool that at most halves it; other layers as they are."""
    if isinstance(layer, Conv) and set(per_axis(layer.stride, layer.axes)) == {1}:
        # an even window has no middle, and torch would copy its input to pad it
        sizes = [size - 1 + size % 2 for size in per_axis(layer.kernel_size, layer.axes)]
        return layer.model_copy(update={"padding": "same", "kernel_size": collapse_equal(sizes)})
    if isinstance(layer, Pool):
        stride = layer.kernel_size if layer.stride is None else layer.stride
        if max(per_axis(stride, layer.axes)) > 2:
            halving: dict[str, object] = {"kernel_size": 2, "stride": None, "ceil_mode": True}
            plain = {"padding": 0, "dilation": 1}
            present_fields = {name: value for name, value in plain.items() if name in type(layer).model_fields}
            return layer.model_copy(update=halving | present_fields)
    return layer


def _set_kernel_size(design: Architecture, choices: Choices) -> Architecture:
    """Returns the design with the chosen kernel size, but for windows of 1; padding that kept the size still does."""
    size = choices.kernel_size
    for index, layer in enumerate(design.layers if size else ()):
        if not isinstance(layer, Conv) or max(sizes := per_axis(layer.kernel_size, layer.axes)) == 1:
            continue
        change: dict[str, object] = {"kernel_size": size}
        half_sizes = collapse_equal([size_of_axis // 2 for size_of_axis in sizes])
        if layer.padding == half_sizes and layer.dilation == 1:
            change["padding"] = (size or 1) // 2
        design = design.update_layer(index, **change)
    return design


def _set_normalization(design: Architecture, choices: Choices) -> Architecture:
    """Returns the design without norms, or with one after every layer with weights but the last; keeps present ones."""
    if choices.normalization is None:
        return design
    if choices.normalization == NO_NORMALIZATION:
        kept = (layer for layer in design.layers if family(layer.kind) != "norm")
        return _replace_layers(design, tuple(_restore_bias(layer) for layer in kept))
    shapes = {step.path[0]: step.output_shape for step in trace_shapes(design)}
    weighted = [path[0] for path in _weighted_paths(design) if len(path) == 1]
    last = max((path[0] for path in _weighted_paths(design)), default=-1)
    for index in reversed(weighted):
        following = design.layers[index + 1 : index + 2]
        if index != last and not any(family(layer.kind) == "norm" for layer in following):
            axes = max(len(shapes[index] or ()) - 1, 1)
            design = design.insert_layer(index + 1, PALETTE[f"BatchNorm{axes}d"].default())
    return design


def _restore_bias(layer: Layer) -> Layer:
    """Returns the layer with its bias, which a norm after it had made superfluous."""
    return layer.model_copy(update={"bias": True}) if isinstance(layer, ConvBase | Linear) else layer


def _set_activation(design: Architecture, choices: Choices) -> Architecture:
    """Returns the design with the chosen activation everywhere, inside blocks, too."""
    for path, layer in design.iter_layers() if choices.activation else ():
        if family(layer.kind) == "activation" and layer.kind not in OUTPUTS:
            design = design.remove_layer(path).insert_layer(path, PALETTE[str(choices.activation)].default())
    return design


def _set_dropout(design: Architecture, choices: Choices) -> Architecture:
    """Returns the design with the chosen dropout everywhere (0: none); adds one before the last weights if needed."""
    if choices.dropout is None:
        return design
    indices = [index for index, layer in enumerate(design.layers) if family(layer.kind) == "dropout"]
    if choices.dropout == 0:
        return _replace_layers(design, tuple(layer for i, layer in enumerate(design.layers) if i not in indices))
    for index in indices:
        design = design.update_layer(index, p=choices.dropout)
    weighted = _weighted_paths(design)
    if not indices and weighted:
        design = design.insert_layer(weighted[-1][0], PALETTE["Dropout"].default()).update_layer(
            weighted[-1][0], p=choices.dropout
        )
    return design


def _set_width(design: Architecture, choices: Choices) -> Architecture:
    """Returns the design with filters and units multiplied, except for the last layer, which gives the net's scores."""
    if choices.width == 1:
        return design
    for path in _weighted_paths(design)[:-1]:
        layer = design.layer_at(path)
        if isinstance(layer, Linear):
            design = design.update_layer(path, out_features=_scale_count(layer.out_features, choices.width))
        elif isinstance(layer, ConvBase):
            change = {"out_channels": _scale_count(layer.out_channels, choices.width)}
            if layer.groups > 1:
                change["groups"] = _scale_count(layer.groups, choices.width)
            design = design.update_layer(path, **change)
    return design


def _weighted_paths(design: Architecture) -> list[LayerPath]:
    """Returns the paths of all convolutions and Linear layers, in order."""
    return [path for path, layer in design.iter_layers() if isinstance(layer, ConvBase | Linear)]


def _scale_count(count: int, factor: float) -> int:
    return max(round(count * factor), 1)


def _replace_layers(design: Architecture, layers: Layers) -> Architecture:
    try:
        return Architecture(input_shape=design.input_shape, layers=layers)
    except ValidationError as error:  # too many layers
        raise DesignError(describe_error(error)) from None
