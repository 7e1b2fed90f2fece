"""Keras' Sequential in numpy, by the rules of its documentation: the oracle for Keras code that is read.

Samples have their channels last. Source: https://keras.io/api/layers/ and, for padding="same",
https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2.
"""

from __future__ import annotations

from itertools import product
from math import ceil, erf
from types import SimpleNamespace
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]

ACTIVATIONS: dict[str, Any] = {
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "elu": lambda x: np.where(x > 0, x, np.exp(x) - 1),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "swish": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x: x * (1 + np.vectorize(erf)(x / 2**0.5)) / 2,
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
    "linear": lambda x: x,
    None: lambda x: x,
}


def tuples(value: int | tuple[int, ...], axes: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,) * axes


def windows(shape: tuple[int, ...], size: tuple[int, ...], stride: tuple[int, ...], padding: str) -> list[Any]:
    """For each axis the start of every window, in samples of the unpadded axis; some are negative under "same"."""
    starts = []
    for n, k, s in zip(shape, size, stride, strict=True):
        if padding == "valid":
            starts.append(range(0, (n - k) // s * s + 1, s))
        else:
            out = ceil(n / s)
            total = max((out - 1) * s + k - n, 0)
            before = total if padding == "causal" else total // 2
            starts.append(range(-before, -before + out * s, s))
    return starts


class Layer:
    axes = 0

    def __init__(self, **given: Any) -> None:
        self.input_shape = given.pop("input_shape", None)
        self.random = np.random.default_rng(len(given))
        self.weights: list[Array] = []
        self.flattened: tuple[int, ...] | None = None
        """The shape of what a Flatten just before this layer has flattened."""

    def call(self, x: Array) -> Array:
        raise NotImplementedError

    def new(self, *shape: int) -> Array:
        self.weights.append(self.random.normal(size=shape))
        return self.weights[-1]


class Conv(Layer):
    depthwise = False

    def __init__(  # noqa: PLR0917 (Keras' order)
        self,
        filters: int = 0,
        kernel_size: Any = 1,
        strides: Any = 1,
        padding: str = "valid",
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: str | None = None,
        use_bias: bool = True,
        depth_multiplier: int = 1,
        **given: Any,
    ) -> None:
        super().__init__(**given)
        self.filters, self.padding, self.groups, self.use_bias = filters, padding, groups, use_bias
        self.kernel, self.strides = tuples(kernel_size, self.axes), tuples(strides, self.axes)
        self.dilation = tuples(dilation_rate, self.axes)
        self.activation, self.multiplier = ACTIVATIONS[activation], depth_multiplier

    def call(self, x: Array) -> Array:
        channels = x.shape[-1]
        if self.depthwise:
            self.groups, self.filters = channels, channels * self.multiplier
        kernel = self.new(*self.kernel, channels // self.groups, self.filters)
        x = self.slide(x, kernel, self.groups)
        x = x + (self.new(self.filters) if self.use_bias else 0)
        return np.asarray(self.activation(x))

    def slide(self, x: Array, kernel: Array, groups: int) -> Array:
        spans = tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))
        starts = windows(x.shape[:-1], spans, self.strides, self.padding)
        out = np.zeros((*map(len, starts), kernel.shape[-1]))
        width, per_group = kernel.shape[-2], kernel.shape[-1] // groups
        for place in product(*(range(len(axis)) for axis in starts)):
            for tap in product(*map(range, self.kernel)):
                at = tuple(
                    starts[axis][place[axis]] + tap[axis] * self.dilation[axis] for axis in range(len(self.kernel))
                )
                if all(0 <= i < n for i, n in zip(at, x.shape, strict=False)):
                    for group in range(groups):
                        outs = slice(group * per_group, (group + 1) * per_group)
                        out[place][outs] += x[at][group * width : (group + 1) * width] @ kernel[tap][:, outs]
        return out


class Conv1D(Conv):
    axes = 1


class Conv2D(Conv):
    axes = 2


class Conv3D(Conv):
    axes = 3


class DepthwiseConv2D(Conv2D):
    depthwise = True

    def __init__(self, kernel_size: Any, *args: Any, **given: Any) -> None:
        super().__init__(0, kernel_size, *args, **given)


class SeparableConv2D(Conv2D):
    def call(self, x: Array) -> Array:
        channels = x.shape[-1]
        x = self.slide(x, self.new(*self.kernel, 1, channels * self.multiplier), channels)
        x = x @ self.new(1, 1, channels * self.multiplier, self.filters)[0, 0]
        return np.asarray(self.activation(x + (self.new(self.filters) if self.use_bias else 0)))


class Conv2DTranspose(Conv2D):
    def call(self, x: Array) -> Array:
        """The gradient of a convolution with this padding, for an input of in · stride or more."""
        sizes = [
            n * s + (max(k - s, 0) if self.padding == "valid" else 0)
            for n, s, k in zip(x.shape, self.strides, self.kernel, strict=False)
        ]
        starts = windows(tuple(sizes), self.kernel, self.strides, self.padding)
        kernel = self.new(*self.kernel, self.filters, x.shape[-1])
        out = np.zeros((*sizes, self.filters))
        for place in product(*map(range, x.shape[:-1])):
            for tap in product(*map(range, self.kernel)):
                at = tuple(starts[axis][place[axis]] + tap[axis] for axis in range(2))
                if all(0 <= i < n for i, n in zip(at, sizes, strict=True)):
                    out[at] += kernel[tap] @ x[place]
        return np.asarray(self.activation(out + self.new(self.filters)))


class Pool(Layer):
    def __init__(self, pool_size: Any = 2, strides: Any = None, padding: str = "valid", **given: Any) -> None:
        super().__init__(**given)
        self.size, self.padding = tuples(pool_size, self.axes), padding
        self.strides = self.size if strides is None else tuples(strides, self.axes)

    def call(self, x: Array) -> Array:
        starts = windows(x.shape[:-1], self.size, self.strides, self.padding)
        out = np.zeros((*map(len, starts), x.shape[-1]))
        for place in product(*(range(len(axis)) for axis in starts)):
            window = tuple(
                slice(max(starts[axis][at], 0), starts[axis][at] + self.size[axis]) for axis, at in enumerate(place)
            )
            out[place] = self.of(x[window].reshape(-1, x.shape[-1]))
        return out

    def of(self, window: Array) -> Array:
        return np.asarray(window.max(0))


class MaxPooling1D(Pool):
    axes = 1


class MaxPooling2D(Pool):
    axes = 2


class MaxPooling3D(Pool):
    axes = 3


class AveragePooling2D(Pool):
    axes = 2

    def of(self, window: Array) -> Array:
        return np.asarray(window.mean(0))


class AveragePooling1D(AveragePooling2D):
    axes = 1


class GlobalAveragePooling2D(Layer):
    def call(self, x: Array) -> Array:
        return np.asarray(x.reshape(-1, x.shape[-1]).mean(0))


class GlobalMaxPooling1D(Layer):
    def call(self, x: Array) -> Array:
        return np.asarray(x.max(0))


class Dense(Layer):
    def __init__(self, units: int, activation: str | None = None, use_bias: bool = True, **given: Any) -> None:
        super().__init__(**given)
        self.units, self.use_bias, self.activation = units, use_bias, ACTIVATIONS[activation]

    def call(self, x: Array) -> Array:
        x = x @ self.new(x.shape[-1], self.units)
        return np.asarray(self.activation(x + (self.new(self.units) if self.use_bias else 0)))


class Flatten(Layer):
    def call(self, x: Array) -> Array:
        return x.reshape(-1)


class Dropout(Layer):
    def __init__(self, rate: float, **given: Any) -> None:
        super().__init__(**given)

    def call(self, x: Array) -> Array:
        return x


class ZeroPadding2D(Layer):
    axes = 2

    def __init__(self, padding: Any = 1) -> None:
        super().__init__()
        self.padding = [tuples(size, 2) for size in tuples(padding, self.axes)]

    def call(self, x: Array) -> Array:
        return np.pad(x, [*self.padding, (0, 0)])


class ZeroPadding1D(ZeroPadding2D):
    axes = 1

    def __init__(self, padding: Any = 1) -> None:
        super().__init__([padding])


class ZeroPadding3D(ZeroPadding2D):
    axes = 3


class UpSampling2D(Layer):
    """Repeats values, or reads lines between the middles of the positions as tf.image.resize does."""

    axes = 2

    def __init__(self, size: Any = 2, interpolation: str = "nearest") -> None:
        super().__init__()
        self.size, self.interpolation = tuples(size, self.axes), interpolation

    def call(self, x: Array) -> Array:
        for axis, factor in enumerate(self.size):
            if self.interpolation == "nearest":
                x = np.repeat(x, factor, axis)
            else:
                middles = (np.arange(x.shape[axis] * factor) + 0.5) / factor - 0.5
                x = np.apply_along_axis(lambda row, at=middles: np.interp(at, np.arange(len(row)), row), axis, x)
        return x


class UpSampling1D(UpSampling2D):
    axes = 1


class UpSampling3D(UpSampling2D):
    axes = 3


class RMSNormalization(Layer):
    def call(self, x: Array) -> Array:
        return np.asarray(x / ((x**2).mean(-1, keepdims=True) + 1e-6) ** 0.5 * self.new(x.shape[-1]))


class BatchNormalization(Layer):
    """As it works before any training: with a mean of 0 and a variance of 1."""

    def __init__(self, axis: int = -1, momentum: float = 0.99, epsilon: float = 1e-3, **given: Any) -> None:
        super().__init__(**given)
        self.epsilon = epsilon

    def call(self, x: Array) -> Array:
        gamma, beta = self.new(x.shape[-1]), self.new(x.shape[-1])
        return np.asarray(x / (1 + self.epsilon) ** 0.5 * gamma + beta)


class LayerNormalization(Layer):
    def call(self, x: Array) -> Array:
        normal = (x - x.mean()) / (x.var() + 1e-3) ** 0.5
        return np.asarray(normal * self.new(*x.shape) + self.new(*x.shape))


class GroupNormalization(Layer):
    def __init__(self, groups: int = 32) -> None:
        super().__init__()
        self.groups = groups

    def call(self, x: Array) -> Array:
        split = x.reshape(-1, self.groups, x.shape[-1] // self.groups)
        normal = (split - split.mean((0, 2), keepdims=True)) / (split.var((0, 2), keepdims=True) + 1e-3) ** 0.5
        return np.asarray(normal.reshape(x.shape) * self.new(x.shape[-1]) + self.new(x.shape[-1]))


class Activation(Layer):
    def __init__(self, activation: str) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[activation]

    def call(self, x: Array) -> Array:
        return np.asarray(self.activation(x))


class LeakyReLU(Layer):
    def __init__(self, negative_slope: float = 0.3) -> None:
        super().__init__()
        self.slope = negative_slope

    def call(self, x: Array) -> Array:
        return np.where(x > 0, x, self.slope * x)


class Input(Layer):
    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(input_shape=shape)

    def call(self, x: Array) -> Array:
        return x


class Sequential:
    """Layers one after the other; a call makes their weights anew."""

    def __init__(self, layers: Any = ()) -> None:
        self.layers = list(layers)

    def add(self, layer: Layer) -> None:
        self.layers.append(layer)

    def all_layers(self) -> list[Layer]:
        inner = [layer.all_layers() if isinstance(layer, Sequential) else [layer] for layer in self.layers]
        return [layer for part in inner for layer in part]

    @property
    def input_shape(self) -> tuple[int, ...]:
        return tuple(self.all_layers()[0].input_shape)

    def call(self, x: Array) -> Array:
        flattened = None
        for layer in self.all_layers():
            layer.weights = []
            layer.flattened, flattened = flattened, x.shape if isinstance(layer, Flatten) else flattened
            x = layer.call(x)
            flattened = None if isinstance(layer, Dense) else flattened
        return x


layers = SimpleNamespace(
    **{name: cls for name, cls in globals().items() if isinstance(cls, type) and issubclass(cls, Layer)}
)
keras = SimpleNamespace(layers=layers, Sequential=Sequential, Input=Input)
