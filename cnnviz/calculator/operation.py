"""Operations of the calculator: designs of one layer, and how to switch from one operation to another."""

from cnnviz.architecture import Architecture
from cnnviz.errors import DesignError
from cnnviz.layers import PALETTE, AvgPool2d, Conv1d, Conv2d, Conv3d, ConvTranspose2d, Layer, MaxPool2d
from cnnviz.layers.window import per_axis
from cnnviz.presets import PRESETS
from cnnviz.shapes import Shape
from cnnviz.windows import TransposedWindow, Window

WindowRule = Window | TransposedWindow

OPERATIONS: dict[str, str] = {
    "Convolution": "Conv",
    "Transposed convolution": "ConvTranspose",
    "Max pooling": "MaxPool",
    "Average pooling": "AvgPool",
}
"""Title of an operation → its torch class without the number of dimensions."""

DIMENSIONS = (1, 2, 3)

MAX_POOL_KERNEL = 3
"""Largest window that is kept when a convolution becomes a pool: one of 10 would leave a tenth of each axis."""

WINDOW_PARAMETERS = ("kernel_size", "stride", "padding", "output_padding", "dilation", "ceil_mode", "count_include_pad")
"""Parameters that change a window, in the order of the form; each kind has some of them."""

_LAB_CONVNET = PRESETS["lab-convnet"].architecture


def single_layer_design(layer: Layer, *sizes: int) -> Architecture:
    """Returns a design of one layer over one channel with these sizes."""
    return Architecture(input_shape=(1, *sizes), layers=(layer,))


EXAMPLE_DESIGNS: dict[str, Architecture] = {
    "The lab's convolution": Architecture(input_shape=_LAB_CONVNET.input_shape, layers=_LAB_CONVNET.layers[:1]),
    "The lab's pool": single_layer_design(_LAB_CONVNET.layers[1], 90, 17),
    "Same size": single_layer_design(Conv2d(out_channels=1, kernel_size=3, padding=1), 28, 28),
    "Half the size": single_layer_design(Conv2d(out_channels=1, kernel_size=3, stride=2, padding=1), 224, 224),
    "Dilated": single_layer_design(Conv2d(out_channels=1, kernel_size=3, dilation=2), 28, 28),
    "Overlapping pool": single_layer_design(MaxPool2d(kernel_size=3, stride=2), 55, 55),
    "Pool that rounds up": single_layer_design(AvgPool2d(kernel_size=2, ceil_mode=True), 7, 7),
    "Double the size": single_layer_design(ConvTranspose2d(out_channels=1, kernel_size=4, stride=2, padding=1), 14, 14),
    "Along a signal": single_layer_design(Conv1d(out_channels=1, kernel_size=5, stride=2), 16),
    "Through a volume": single_layer_design(Conv3d(out_channels=1, kernel_size=3, padding=1), 16, 32, 32),
}
"""Title → a design to open in the calculator; the first one is shown at the start."""


def operation_title(layer: Layer) -> str:
    """Returns the title of a layer's operation.

    >>> operation_title(MaxPool2d(kernel_size=2))
    'Max pooling'
    """
    return next(title for title, stem in OPERATIONS.items() if layer.kind[:-2] == stem)


def window_parameters(layer: Layer) -> list[str]:
    """Returns the names of the layer's parameters that change its window.

    >>> window_parameters(Conv2d.default())
    ['kernel_size', 'stride', 'padding', 'dilation']
    """
    return [name for name in WINDOW_PARAMETERS if name in type(layer).model_fields]


def window_rules(design: Architecture) -> list[WindowRule]:
    """Returns the layer's rule along each axis; raises ShapeError when it does not accept the input."""
    (layer,) = design.layers
    layer.output_shape(design.input_shape)
    return [rule for rule in layer.axis_rules(design.input_shape) if isinstance(rule, Window | TransposedWindow)]


def switch_operation(design: Architecture, title: str, dimensions: int) -> Architecture:
    """Switches to another operation or number of dimensions, keeping all numbers that still apply.

    A window larger than pools have (MAX_POOL_KERNEL) becomes that of an ordinary pool.

    >>> pool = switch_operation(EXAMPLE_DESIGNS["The lab's convolution"], "Max pooling", 1)
    >>> pool.input_shape, pool.layers[0].code(pool.input_shape)
    ((1, 99), 'nn.MaxPool1d(kernel_size=2)')
    """
    (layer,) = design.layers
    kind = f"{OPERATIONS[title]}{dimensions}d"
    if layer.kind == kind:
        return design
    resized = design.with_input_shape(_resize_axes(design.input_shape, dimensions))
    is_new_pool = "Pool" in kind and "Pool" not in layer.kind
    if is_new_pool and max(per_axis(layer.kernel_size, dimensions)) > MAX_POOL_KERNEL:  # type: ignore[attr-defined]
        return single_layer_design(PALETTE[kind].default(), *resized.input_shape[1:])
    change: dict[str, object] = {"kind": kind}
    stride = getattr(layer, "stride", 1)
    if stride is None and "Pool" not in kind:
        change["stride"] = layer.kernel_size  # type: ignore[attr-defined]
    elif stride == 1 and is_new_pool:
        change["stride"] = None
    for attempt in (change, change | {"padding": 0}, {"kind": kind, "padding": 0, "stride": 1}):
        try:
            return resized.update_layer(0, **attempt)
        except DesignError:  # padding="same", or numbers per axis where there are fewer axes
            continue
    return single_layer_design(type(layer).default(), *resized.input_shape[1:])


def _resize_axes(shape: Shape, dimensions: int) -> Shape:
    """Returns the sizes for another number of axes; the last one is repeated if there are more."""
    sizes = shape[1:] + shape[-1:] * dimensions
    return (shape[0], *sizes[:dimensions])
