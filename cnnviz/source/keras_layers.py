"""Layers of Keras as layers of torch, where they compute the same; samples are channels first here.

Source: https://keras.io/api/layers/, and for the padding https://www.tensorflow.org/api_docs/python/tf/nn.
"""

from __future__ import annotations

from cnnviz.shapes import Shape
from cnnviz.source.keras_arguments import Calls, Rule, flag, is_channels_last, made, refused
from cnnviz.source.keras_names import keras_name
from cnnviz.source.keras_windows import conv, global_pool, pool, transposed_conv, upsampling, zero_padding
from cnnviz.source.values import ImportedName, KerasLayer

ACTIVATIONS: dict[str, tuple[str, dict[str, object]]] = {
    "relu": ("ReLU", {}),
    "relu6": ("ReLU6", {}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "softmax": ("Softmax", {"dim": 1}),
    "log_softmax": ("LogSoftmax", {"dim": 1}),
    "softplus": ("Softplus", {}),
    "softsign": ("Softsign", {}),
    "elu": ("ELU", {}),
    "selu": ("SELU", {}),
    "celu": ("CELU", {}),
    "gelu": ("GELU", {}),
    "silu": ("SiLU", {}),
    "swish": ("SiLU", {}),
    "mish": ("Mish", {}),
    "leaky_relu": ("LeakyReLU", {"negative_slope": 0.2}),
    "hard_silu": ("Hardswish", {}),
    "hard_swish": ("Hardswish", {}),
    "hard_tanh": ("Hardtanh", {}),
    "log_sigmoid": ("LogSigmoid", {}),
}
"""The layer that each activation is, by Keras' name for it."""


def _check_channels_last(layer: KerasLayer) -> None:
    if not is_channels_last(layer):
        raise refused(layer, "has data_format='channels_first'; Keras code is read with the channels last")


# activations


def activation_calls(layer: KerasLayer, shape: Shape) -> Calls:
    """Yields what the argument `activation` of a layer adds to its output of that shape."""
    value = layer.arguments.get("activation")
    if isinstance(value, KerasLayer):
        yield from torch_calls(value, shape)
        yield from activation_calls(value, shape)
        return
    if isinstance(value, ImportedName):
        own = keras_name(value.full_name) or value.full_name.removeprefix("tensorflow.")
        value = own.removeprefix("activations.").removeprefix("nn.")
    if value is None or value == "linear":
        return
    if value == "hard_sigmoid":
        raise refused(layer, "has the activation hard_sigmoid, which differs between Keras 2 and Keras 3; use sigmoid")
    if not isinstance(value, str) or value not in ACTIVATIONS:
        raise refused(layer, f"has an activation that no layer here is ({str(value)[:40]})")
    kind, arguments = ACTIVATIONS[value]
    yield made(layer, kind, **arguments)


def _relu(layer: KerasLayer, shape: Shape) -> Calls:
    limit, slope = layer.arguments.get("max_value"), layer.arguments.get("negative_slope") or 0
    if layer.arguments.get("threshold") or (limit is not None and (limit != 6 or slope)):
        raise refused(layer, "with this max_value or threshold is no layer here")
    yield (
        made(layer, "LeakyReLU", negative_slope=slope) if slope else made(layer, "ReLU" if limit is None else "ReLU6")
    )


def _leaky_relu(layer: KerasLayer, shape: Shape) -> Calls:
    slope = layer.arguments.get("negative_slope", layer.arguments.get("alpha", 0.3))
    yield made(layer, "LeakyReLU", negative_slope=slope)


def _elu(layer: KerasLayer, shape: Shape) -> Calls:
    yield made(layer, "ELU", alpha=layer.arguments.get("alpha", 1.0))


def _prelu(layer: KerasLayer, shape: Shape) -> Calls:
    shared = layer.arguments.get("shared_axes") or ()
    if layer.arguments.get("alpha_initializer", "zeros") != "zeros":
        raise refused(layer, "begins at 0 here; leave its alpha_initializer out")
    if len(shape) > 1 and list(shared if isinstance(shared, tuple | list) else ()) != list(range(1, len(shape))):
        axes = ", ".join(map(str, range(1, len(shape))))
        raise refused(layer, f"learns a slope for every number of the sample; with shared_axes=[{axes}] it is read")
    yield made(layer, "PReLU", num_parameters=shape[0], init=0.0)


def _softmax(layer: KerasLayer, shape: Shape) -> Calls:
    if layer.arguments.get("axis", -1) not in (-1, len(shape)):
        raise refused(layer, "is read along the channels only, axis=-1")
    yield made(layer, "Softmax", dim=1)


# the others


def _dense(layer: KerasLayer, shape: Shape) -> Calls:
    """A Linear; on more axes than the channels, the same as a convolution with a kernel of 1."""
    units, bias = layer.arguments["units"], flag(layer, "use_bias")
    if len(shape) == 1:
        yield made(layer, "Linear", out_features=units, bias=bias)
    else:
        yield made(layer, f"Conv{len(shape) - 1}d", out_channels=units, kernel_size=1, bias=bias)


def _flatten(layer: KerasLayer, shape: Shape) -> Calls:
    if len(shape) > 1:
        yield made(layer, "Flatten")


def _is_on_channels(layer: KerasLayer, shape: Shape) -> bool:
    axis = layer.arguments.get("axis", -1)
    single = axis[0] if isinstance(axis, list | tuple) and len(axis) == 1 else axis
    return single in (-1, len(shape))


def _batch_norm(layer: KerasLayer, shape: Shape) -> Calls:
    affine, momentum = flag(layer, "center"), layer.arguments.get("momentum", 0.99)
    if not _is_on_channels(layer, shape) or affine != flag(layer, "scale"):
        raise refused(layer, "is read on the channels (axis=-1) with both center and scale, or neither")
    if not isinstance(momentum, int | float):
        raise refused(layer, "takes a number as momentum")
    eps = layer.arguments.get("epsilon", 1e-3)
    axes = max(len(shape) - 1, 1)
    yield made(layer, f"BatchNorm{axes}d", affine=affine, eps=eps, momentum=round(1 - momentum, 12))


def _layer_norm(layer: KerasLayer, shape: Shape) -> Calls:
    center, scale = flag(layer, "center"), flag(layer, "scale")
    _check_whole(layer, shape, is_exact=scale or not center)
    eps = layer.arguments.get("epsilon", 1e-3)
    yield made(layer, "LayerNorm", eps=eps, elementwise_affine=scale, bias=center)


def _rms_norm(layer: KerasLayer, shape: Shape) -> Calls:
    _check_whole(layer, shape)
    yield made(layer, "RMSNorm", eps=layer.arguments.get("epsilon", 1e-6))


def _check_whole(layer: KerasLayer, shape: Shape, *, is_exact: bool = True) -> None:
    """Raises DesignError for a normalisation of a part of the sample."""
    axis = layer.arguments.get("axis", -1)
    axes = sorted(axis, key=str) if isinstance(axis, list | tuple) else [axis]
    is_whole = axes == list(range(1, len(shape) + 1)) or (len(shape) == 1 and axes == [-1])
    if not (is_whole and is_exact):
        raise refused(layer, "is read over the whole sample only: behind a Flatten, or with all axes behind the batch")


def _group_norm(layer: KerasLayer, shape: Shape) -> Calls:
    affine, groups = flag(layer, "center"), layer.arguments.get("groups", 32)
    if not _is_on_channels(layer, shape) or affine != flag(layer, "scale"):
        raise refused(layer, "is read on the channels (axis=-1) with both center and scale, or neither")
    groups = shape[0] if groups == -1 else groups
    yield made(layer, "GroupNorm", num_groups=groups, eps=layer.arguments.get("epsilon", 1e-3), affine=affine)


def _dropout(kind: str) -> Rule:
    def rule(layer: KerasLayer, shape: Shape) -> Calls:
        if layer.arguments.get("noise_shape") is not None:
            raise refused(layer, "with a noise_shape is no layer here")
        yield made(layer, kind, p=layer.arguments["rate"])

    return rule


_TRAINING = tuple(
    f"{what}_{kind}" for kind in ("initializer", "regularizer", "constraint") for what in ("kernel", "bias", "activity")
)
_CONV = ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "groups", "activation")
_SEPARABLE = ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "depth_multiplier")
_DEPTHWISE = ("kernel_size", "strides", "padding", "depth_multiplier", "data_format", "dilation_rate", "activation")
_TRANSPOSED = ("filters", "kernel_size", "strides", "padding", "output_padding", "data_format", "dilation_rate")
_NORM = ("center", "scale", "beta_initializer", "gamma_initializer", "moving_mean_initializer")
_NORMS = (*_NORM, "moving_variance_initializer", "beta_regularizer", "gamma_regularizer")
_POOL = ("pool_size", "strides", "padding", "data_format")

LAYERS: dict[str, tuple[tuple[str, ...], Rule]] = {
    **{f"Conv{axes}D": ((*_CONV, "use_bias"), conv(axes)) for axes in (1, 2, 3)},
    **{f"SeparableConv{axes}D": ((*_SEPARABLE, "activation", "use_bias"), conv(axes)) for axes in (1, 2)},
    **{f"DepthwiseConv{axes}D": ((*_DEPTHWISE, "use_bias"), conv(axes)) for axes in (1, 2)},
    **{
        f"Conv{axes}DTranspose": ((*_TRANSPOSED, "activation", "use_bias"), transposed_conv(axes)) for axes in (1, 2, 3)
    },
    **{f"{name}{n}D": (_POOL, pool("Max", n)) for name in ("MaxPooling", "MaxPool") for n in (1, 2, 3)},
    **{f"{name}{n}D": (_POOL, pool("Avg", n)) for name in ("AveragePooling", "AvgPool") for n in (1, 2, 3)},
    **{
        f"Global{name}{n}D": (("data_format", "keepdims"), global_pool(kind, n))
        for name, kind in (("AveragePooling", "Avg"), ("AvgPool", "Avg"), ("MaxPooling", "Max"), ("MaxPool", "Max"))
        for n in (1, 2, 3)
    },
    "Dense": (("units", "activation", "use_bias"), _dense),
    "Flatten": (("data_format",), _flatten),
    "BatchNormalization": (("axis", "momentum", "epsilon", *_NORMS), _batch_norm),
    "LayerNormalization": (("axis", "epsilon", *_NORMS), _layer_norm),
    "RMSNormalization": (("axis", "epsilon"), _rms_norm),
    "GroupNormalization": (("groups", "axis", "epsilon", *_NORMS), _group_norm),
    **{f"ZeroPadding{axes}D": (("padding", "data_format"), zero_padding) for axes in (1, 2, 3)},
    "UpSampling1D": (("size",), upsampling(1)),
    "UpSampling2D": (("size", "data_format", "interpolation"), upsampling(2)),
    "UpSampling3D": (("size", "data_format"), upsampling(3)),
    "Dropout": (("rate", "noise_shape", "seed"), _dropout("Dropout")),
    "AlphaDropout": (("rate", "noise_shape", "seed"), _dropout("AlphaDropout")),
    **{f"SpatialDropout{axes}D": (("rate", "seed", "data_format"), _dropout(f"Dropout{axes}d")) for axes in (1, 2, 3)},
    "Activation": (("activation",), lambda layer, shape: iter(())),
    "ReLU": (("max_value", "negative_slope", "threshold"), _relu),
    "LeakyReLU": (("negative_slope", "alpha"), _leaky_relu),
    "PReLU": (("alpha_initializer", "alpha_regularizer", "alpha_constraint", "shared_axes"), _prelu),
    "ELU": (("alpha",), _elu),
    "Softmax": (("axis",), _softmax),
    "Input": (("shape", "batch_size", "dtype"), lambda layer, shape: iter(())),
    "InputLayer": (("shape", "batch_size", "dtype"), lambda layer, shape: iter(())),
}
"""Parameters in Keras' order, and the layers of torch, of every layer of Keras that is understood."""
TRAINING_PARAMETERS = (
    *_TRAINING,
    *(f"{what}_{kind}" for what in ("depthwise", "pointwise") for kind in ("initializer", "regularizer", "constraint")),
)
"""Parameters of how weights begin and what holds them small: no part of a design."""
OTHER_PARAMETERS = ("name", "trainable", "dtype", "input_shape", "batch_input_shape", "input_dim", "batch_shape")


def torch_calls(layer: KerasLayer, shape: Shape) -> Calls:
    """Yields the layers of torch that a layer of Keras is for samples of that shape.

    Raises DesignError with the line where none computes the same.
    """
    _check_channels_last(layer)
    return LAYERS[layer.name][1](layer, shape)
