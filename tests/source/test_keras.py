"""Keras code that is read: the same net as Keras makes of it, by the rules of its documentation."""
# ruff: noqa: E501, ISC004  (a row of a table is one line)

from contextlib import suppress

import numpy as np
import pytest
import torch

from cnnviz.architecture import Architecture, build_model, output_shape, trace
from cnnviz.errors import DesignError
from cnnviz.layers import BatchNorm2d, Conv1d, Conv2d, Dropout, Flatten, Linear, LogSoftmax, MaxPool2d, ReLU, Softmax
from cnnviz.source import from_code, read_code
from cnnviz.source.keras_layers import LAYERS
from tests.source import keras_in_numpy
from tests.source.keras_in_numpy import Array, Conv2DTranspose, Dense, Layer, Sequential

HEAD = "import tensorflow as tf\nfrom tensorflow import keras\nfrom tensorflow.keras import layers\n"

# The examples of Keras' and TensorFlow's own tutorials, with the counts that model.summary() gives there.

MNIST = """
model = keras.Sequential(
    [
        keras.Input(shape=(28, 28, 1)),
        layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ]
)
model.summary()
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
history = model.fit(x_train, y_train, batch_size=128, epochs=15, validation_split=0.1)
"""
CIFAR = """
model = models.Sequential()
model.add(layers.Conv2D(32, (3, 3), activation='relu', input_shape=(32, 32, 3)))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Conv2D(64, (3, 3), activation='relu'))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Conv2D(64, (3, 3), activation='relu'))
model.add(layers.Flatten())
model.add(layers.Dense(64, activation='relu'))
model.add(layers.Dense(10))
"""
BEGINNER = """
model = tf.keras.models.Sequential([
  tf.keras.layers.Flatten(input_shape=(28, 28)),
  tf.keras.layers.Dense(128, activation='relu'),
  tf.keras.layers.Dropout(0.2),
  tf.keras.layers.Dense(10)
])
"""


@pytest.mark.parametrize(
    ("text", "shape", "count"),
    [
        (HEAD + MNIST, (1, 28, 28), 34_826),
        (MNIST, (1, 28, 28), 34_826),
        (CIFAR, (3, 32, 32), 122_570),
        (f"from keras import models\nfrom keras.layers import *\nimport keras.layers as layers\n{CIFAR}", (3, 32, 32), 122_570),
        (HEAD + BEGINNER, (28, 28), 101_770),
    ],
)  # fmt: skip
def test_the_examples_of_the_tutorials_have_the_counts_that_are_printed_there(
    text: str, shape: tuple[int, ...], count: int
) -> None:
    architecture = from_code(text)
    assert architecture.input_shape == shape
    assert sum(step.parameters or 0 for step in trace(architecture)) == count


def test_the_mnist_example_is_this_stack() -> None:
    assert from_code(HEAD + MNIST).layers == (
        Conv2d(out_channels=32, kernel_size=3),
        ReLU(),
        MaxPool2d(kernel_size=2),
        Conv2d(out_channels=64, kernel_size=3),
        ReLU(),
        MaxPool2d(kernel_size=2),
        Flatten(),
        Dropout(p=0.5),
        Linear(out_features=10),
        Softmax(dim=1),
    )


# numpy as the oracle

STACKS = {
    "valid": "layers.Conv2D(4, 3, input_shape=(9, 8, 3))",
    "same": "layers.Conv2D(4, (3, 5), padding='same', activation='tanh', input_shape=(9, 8, 3))",
    "an even kernel, same": "layers.Conv2D(4, 4, padding='same', input_shape=(9, 8, 3))",
    "dilated, same": "layers.Conv2D(4, 3, padding='same', dilation_rate=2, input_shape=(9, 8, 3))",
    "stride, same, odd size": "layers.Conv2D(4, 3, strides=2, padding='same', input_shape=(9, 7, 3))",
    "stride, same, nothing added": "layers.Conv2D(4, 1, strides=2, padding='same', input_shape=(9, 8, 3))",
    "stride of 2 and 1": "layers.Conv2D(4, (3, 2), (2, 1), input_shape=(9, 8, 3))",
    "groups": "layers.Conv2D(4, 3, groups=2, use_bias=False, input_shape=(9, 8, 6))",
    "1-D": "layers.Conv1D(4, 3, padding='same', input_shape=(12, 3)), layers.MaxPooling1D(), layers.GlobalMaxPooling1D()",
    "3-D": "layers.Conv3D(2, 3, input_shape=(5, 6, 4, 2)), layers.MaxPooling3D(2), layers.Flatten(), layers.Dense(3)",
    "separable": "layers.SeparableConv2D(5, 3, padding='same', depth_multiplier=2, activation='elu', input_shape=(6, 7, 3))",
    "depthwise": "layers.DepthwiseConv2D(3, depth_multiplier=2, input_shape=(6, 7, 3))",
    "zeros before": "layers.Input((6, 7, 3)), layers.ZeroPadding2D((1, 2)), layers.Conv2D(4, 3)",
    "zeros before, in pairs": "layers.Input((6, 7, 3)), layers.ZeroPadding2D(((1, 1), (0, 0))), layers.Conv2D(4, 3)",
    "zeros at the end only": "layers.Input((6, 7, 3)), layers.ZeroPadding2D(((0, 1), (2, 3))), layers.Conv2D(4, 3, strides=2)",
    "zeros before a pool": "layers.Input((6, 7, 3)), layers.ZeroPadding2D(1), layers.MaxPooling2D()",
    "zeros before a padded convolution": "layers.Input((6, 7, 3)), layers.ZeroPadding2D(1), layers.Conv2D(4, 3, padding='same')",
    "zeros, 1-D": "layers.Input((6, 3)), layers.ZeroPadding1D((1, 2)), layers.Conv1D(4, 3)",
    "zeros, 3-D": "layers.Input((4, 5, 6, 2)), layers.ZeroPadding3D(((1, 2), (0, 1), (3, 0))), layers.ZeroPadding3D((1, 2, 0))",
    "stride, same, even size": "layers.Conv2D(4, 3, strides=2, padding='same', activation='tanh', input_shape=(8, 6, 3))",
    "stride, same, one axis uneven": "layers.Conv2D(4, (3, 4), strides=(2, 3), padding='same', input_shape=(9, 8, 3))",
    "stride, same, 1-D": "layers.Conv1D(4, 5, 2, 'same', input_shape=(12, 3))",
    "stride, same, 3-D": "layers.Conv3D(2, 3, 2, 'same', input_shape=(4, 5, 6, 2))",
    "stride, same, depthwise": "layers.DepthwiseConv2D(3, strides=2, padding='same', input_shape=(8, 6, 3))",
    "stride, same, separable": "layers.SeparableConv2D(5, 3, strides=2, padding='same', input_shape=(8, 6, 3))",
    "causal": "layers.Conv1D(4, 3, padding='causal', dilation_rate=2, input_shape=(12, 3))",
    "repeated": "layers.Input((3, 4, 2)), layers.UpSampling2D(), layers.UpSampling2D((1, 3))",
    "repeated, 1-D": "layers.Input((3, 2)), layers.UpSampling1D(3)",
    "repeated, 3-D": "layers.Input((3, 2, 4, 2)), layers.UpSampling3D((2, 1, 3))",
    "lines between": "layers.Input((3, 4, 2)), layers.UpSampling2D((2, 3), interpolation='bilinear')",
    "transposed, same, an odd overlap": "layers.Conv2DTranspose(4, 5, strides=2, padding='same', activation='tanh', input_shape=(4, 5, 3))",
    "transposed, same, one odd overlap": "layers.Conv2DTranspose(4, (3, 4), strides=(2, 2), padding='same', input_shape=(4, 5, 3))",
    "rms norm": "layers.Dense(4, input_shape=(7,)), layers.RMSNormalization(), layers.Dense(3)",
    "transposed": "layers.Conv2DTranspose(4, 3, strides=2, input_shape=(4, 5, 3))",
    "transposed, a small kernel": "layers.Conv2DTranspose(4, 2, strides=3, input_shape=(4, 5, 3))",
    "transposed, same": "layers.Conv2DTranspose(4, 4, strides=2, padding='same', activation='relu', input_shape=(4, 5, 3))",
    "transposed, same, a small kernel": "layers.Conv2DTranspose(4, 2, strides=3, padding='same', input_shape=(4, 5, 3))",
    "transposed, same, stride 1": "layers.Conv2DTranspose(4, 3, padding='same', input_shape=(4, 5, 3))",
    "pool, same, odd": "layers.MaxPooling2D(2, padding='same', input_shape=(7, 9, 3))",
    "pool, same, overlapping": "layers.MaxPooling2D(3, strides=2, padding='same', input_shape=(8, 9, 3))",
    "pool, same, stride 1": "layers.MaxPooling2D(3, strides=1, padding='same', input_shape=(8, 9, 3))",
    "means, same": "layers.AveragePooling2D(3, strides=2, padding='same', input_shape=(9, 7, 3))",
    "means, same, at the end only": "layers.AveragePooling2D(2, padding='same', input_shape=(9, 7, 3))",
    "means, same, 1-D": "layers.AveragePooling1D(3, strides=1, padding='same', input_shape=(9, 3))",
    "flat": "layers.Conv2D(4, 3, input_shape=(6, 7, 3)), layers.Flatten(), layers.Dropout(0.5), layers.Dense(5, 'softmax')",
    "flat at once": "layers.Flatten(input_shape=(4, 6)), layers.Dense(5, activation='sigmoid')",
    "dense on a map": "layers.Dense(5, activation='softmax', input_shape=(4, 6, 3))",
    "dense on a sequence": "layers.Dense(5, use_bias=False, input_shape=(4, 6)), layers.Flatten(), layers.Dense(2)",
    "batch norm": "layers.Conv2D(4, 3, input_shape=(6, 7, 3)), layers.BatchNormalization(), layers.Activation('relu')",
    "batch norm, flat": "layers.Dense(4, input_shape=(7,)), layers.BatchNormalization(epsilon=0.1), layers.Dense(3)",
    "layer norm": "layers.Dense(4, input_shape=(7,)), layers.LayerNormalization(), layers.Dense(3)",
    "group norm": "layers.Input((6, 5, 4)), layers.GroupNormalization(groups=2)",
    "global": "layers.Conv2D(4, 3, activation='leaky_relu', input_shape=(6, 7, 3)), layers.GlobalAveragePooling2D(), layers.Dense(3)",
    "activations": "layers.Input((4, 5, 6)), layers.Activation('gelu'), layers.Activation('swish'), layers.LeakyReLU(), layers.Activation('softplus')",
    "a model in a model": "keras.Sequential([layers.Conv2D(4, 3, input_shape=(6, 7, 3)), layers.Flatten()]), layers.Dense(3)",
}  # fmt: skip
"""Layers of a Sequential by what is special in them."""


def keras_model(text: str) -> Sequential:
    scope = {"keras": keras_in_numpy.keras, "layers": keras_in_numpy.layers}
    exec(text, scope)  # noqa: S102 (our own text)
    model = scope["model"]
    assert isinstance(model, Sequential)
    return model


def torch_weight(layer: Layer, weight: Array) -> Array:
    """A weight in torch's order of axes."""
    if isinstance(layer, Dense) and layer.flattened and weight.ndim == 2:
        weight = np.moveaxis(weight.reshape(*layer.flattened, -1), -2, 0).reshape(weight.shape)
    if isinstance(layer, Conv2DTranspose) and weight.ndim > 1:
        return np.moveaxis(weight, (-1, -2), (0, 1))
    return np.moveaxis(weight, (-1, -2), (0, 1)) if weight.ndim > 1 else weight


@pytest.mark.parametrize("name", STACKS)
def test_what_is_read_computes_what_keras_documents(name: str) -> None:
    text = f"model = keras.Sequential([{STACKS[name]}])"
    theirs, architecture = keras_model(text), from_code(HEAD + text)
    x = np.random.default_rng(0).normal(size=theirs.input_shape)
    expected = theirs.call(x)
    keeps_order = len(architecture.input_shape) == 2 and architecture.input_shape == theirs.input_shape
    ours = build_model(architecture).double().eval()
    for layer in theirs.all_layers():
        layer.flattened = None if keeps_order else layer.flattened
    weights = [torch_weight(layer, weight) for layer in theirs.all_layers() for weight in layer.weights]
    with torch.no_grad():
        for parameter, weight in zip(ours.parameters(), weights, strict=True):
            parameter.copy_(torch.tensor(weight).reshape(parameter.shape))
        sample = x if keeps_order or x.ndim == 1 else np.moveaxis(x, -1, 0)
        got = ours(torch.tensor(sample.copy())[None])[0].numpy()
    assert output_shape(architecture) == got.shape
    np.testing.assert_allclose(got, expected if expected.ndim == 1 else np.moveaxis(expected, -1, 0), atol=1e-9)


# forms, remarks and refusals


def layers_of(stack: str) -> Architecture:
    return from_code(f"{HEAD}model = keras.Sequential([keras.Input((28, 28, 1)), {stack}])")


@pytest.mark.parametrize(
    "text",
    [
        "from keras.models import Sequential\nfrom keras.layers import Conv2D, Activation\nm = Sequential()\n"
        "m.add(Conv2D(4, 3, input_shape=(8, 8, 3)))\nm.add(Activation('relu'))",
        "import keras\nm = keras.models.Sequential(name='m')\nm.add(keras.layers.InputLayer(shape=(8, 8, 3)))\n"
        "m.add(keras.layers.Conv2D(4, [3, 3], activation=keras.activations.relu))",
        "import tensorflow as tf\nL = tf.keras.layers\nm = tf.keras.Sequential([L.Conv2D(4, 3, activation=tf.nn.relu)])\n"
        "m.build((None, 8, 8, 3))",
        "def make(width):\n    model = Sequential()\n    for w in [width]:\n        model.add(Conv2D(w, 3, batch_input_shape="
        "(None, 8, 8, 3)))\n    model.add(ReLU())\n    return model\n\nmodel = make(4)\nmodel.compile('adam')",
        "model = Sequential([Conv2D(filters=4, kernel_size=3, kernel_initializer='he_normal', activation=ReLU(),"
        " input_shape=(8, 8, 3))])",
    ],
)
def test_the_same_model_can_be_written_in_many_ways(text: str) -> None:
    expected = Architecture(input_shape=(3, 8, 8), layers=(Conv2d(out_channels=4, kernel_size=3), ReLU()))
    assert from_code(text) == expected


def test_a_model_without_a_shape_takes_that_of_the_design() -> None:
    text = HEAD + "model = keras.Sequential([layers.Conv1D(4, 3), layers.Activation('log_softmax')])"
    assert from_code(text, (3, 9)).layers == (Conv1d(out_channels=4, kernel_size=3), LogSoftmax(dim=1))


def test_momentum_and_epsilon_of_batch_norm_are_those_of_keras() -> None:
    assert layers_of("layers.BatchNormalization()").layers == (BatchNorm2d(eps=1e-3, momentum=0.01),)


def test_what_is_another_thing_in_keras_is_told() -> None:
    text = (
        f"{HEAD}model = keras.Sequential([\n    keras.Input((9, 8, 3)),\n    layers.Conv2D(4, 3, kernel_regularizer='l2',"
        " trainable=False),\n    layers.BatchNormalization(momentum=0.9),\n    layers.Flatten(),\n    layers.Dense(2),\n])"
    )
    order, flat, momentum, regularizer, frozen = read_code(text).remarks
    assert order == "This is Keras code, where the channels come last: a sample of 9 × 8 × 3 there is 3 × 9 × 8 here."
    assert flat.startswith("Flatten puts the numbers in another order here")
    assert momentum == "Line 7: Keras' momentum of 0.9 is torch's 0.1: they count from opposite ends."
    assert regularizer.startswith("Line 6: kernel_regularizer is left out")
    assert frozen.startswith("Line 6: trainable=False is left out")


def test_nothing_is_told_of_an_order_that_stays() -> None:
    assert read_code(HEAD + BEGINNER).remarks == ("This is Keras code.",)


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        ("layers.LSTM(3)", r"Line 4: Keras' LSTM is not a layer that can be stacked here\."),
        ("layers.Rescaling(1 / 255)", r"Line 4: Keras' Rescaling changes the data and is no layer here"),
        ("layers.RandomFlip('horizontal')", r"Line 4: Keras' RandomFlip changes the data"),
        ("layers.Conv2D(3)", r"Line 4: Keras' Conv2D also needs kernel_size\."),
        ("layers.Conv2D(3, 3, kernel=2)", r"Line 4: Keras' Conv2D has no parameter kernel; it takes filters, kernel_size"),
        ("layers.Conv2D(3, 3, data_format='channels_first')", r"Line 4: .*channels_first"),
        ("layers.Conv2D(3, (3, 3, 3))", r"Line 4: Keras' Conv2D gets kernel_size=\(3, 3, 3\); it takes a whole number, or 2"),
        ("layers.Conv2D(3, 30)", r"Line 4, Conv2D: a window of 30 does not fit a height of 28"),
        ("layers.Conv1D(3, 3)", r"Line 4, Conv1D: expects a sample with axes \(channels, length\)"),
        ("layers.Conv2D(3, 3, activation='exponential')", r"Line 4: Keras' Conv2D has an activation that no layer here is \(exponential\)"),
        ("layers.Activation('hard_sigmoid')", r"Line 4: .*hard_sigmoid, which differs between Keras 2 and Keras 3"),
        ("layers.Convolution2D(3, 3, 3)", r"Line 4: Convolution2D means another thing in each Keras"),
        ("layers.MaxPooling2D(2, 1, padding='same')", r"Line 4: Keras' MaxPooling2D with padding='same' has windows here that no pool of torch has"),
        ("layers.LayerNormalization()", r"Line 4: Keras' LayerNormalization is read over the whole sample only"),
        ("layers.RMSNormalization()", r"Line 4: Keras' RMSNormalization is read over the whole sample only"),
        ("layers.UpSampling2D(2, interpolation='bicubic')", r"Line 4: Keras' UpSampling2D is read with interpolation='nearest' or 'bilinear' only"),
        ("layers.UpSampling1D(2)", r"Line 4: Keras' UpSampling1D takes samples with 2 axes, but one of 1 × 28 × 28 comes in"),
        ("layers.ZeroPadding2D((1, 2, 3))", r"Line 4: Keras' ZeroPadding2D takes whole numbers, or pairs of them, as padding"),
        ("layers.ZeroPadding2D(-1)", r"Line 4: Keras' ZeroPadding2D takes whole numbers"),
        ("layers.ZeroPadding2D(1, data_format='channels_first'), layers.Conv2D(3, 3)", r"Line 4: Keras' ZeroPadding2D has data_format='channels_first'"),
        ("layers.Conv2D(3, 3, padding='causal')", r"Line 4: Keras' Conv2D with padding='causal' is no layer here"),
        ("layers.BatchNormalization(scale=False)", r"Line 4: Keras' BatchNormalization is read on the channels"),
        ("layers.BatchNormalization(axis=1)", r"Line 4: Keras' BatchNormalization is read on the channels"),
        ("layers.PReLU()", r"Line 4: Keras' PReLU learns a slope for every number.*shared_axes=\[1, 2\]"),
        ("layers.ReLU(max_value=1)", r"Line 4: Keras' ReLU with this max_value"),
        ("tf.keras.applications.VGG16()", r"Line 4: .*of Keras, Sequential models are read"),
        ("some_layer", r"Line 4: .*some_layer has no value"),
    ],
)  # fmt: skip
def test_what_is_not_exact_is_refused_with_the_line_and_the_reason(stack: str, message: str) -> None:
    with pytest.raises(DesignError, match=message):
        layers_of(stack)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = layers.Conv2D(3, 3)(keras.Input((8, 8, 1)))\ny = layers.Dense(2)(x)\nmodel = keras.Model(x, y)", r"Line 4: .*of Keras, Sequential models"),
        ("class Net(keras.Model):\n    def call(self, x):\n        return x", r"Line 4: Net derives from a class of Keras; of Keras, Sequential"),
        ("class Net(keras.Model):\n    def call(self, x):\n        return x\nmodel = Net()", r"Line 7: Net \(line 4\) derives from a class of Keras"),
        ("fc = layers.Dense(4, input_shape=(4,))\nmodel = keras.Sequential([fc, fc])", r"Line 4: Keras' Dense is added twice"),
        ("part = keras.Sequential([layers.Dense(4, input_shape=(4,))])\nmodel = keras.Sequential([part, part])", r"Line 5: a model is added twice here"),
        ("model = keras.Sequential([keras.Input((None, 3)), layers.Conv1D(3, 3)])", r"Line 4: Keras' Input is read with a shape of whole numbers"),
        ("model = keras.Sequential()\nmodel.add(layers.Dense(4, input_shape=(4,)))\nmodel.add(thing)", r"Line 6: .*thing has no value"),
        ("from torch import nn\nmodel = nn.Sequential(keras.Sequential([layers.Dense(4)]))", r"Line 5: a model of Keras is called in a net of torch"),
    ],
)  # fmt: skip
def test_other_code_of_keras_is_refused_as_what_it_is(text: str, message: str) -> None:
    with pytest.raises(DesignError, match=message):
        from_code(HEAD + text, (4,))


@pytest.mark.parametrize(
    "line",
    [
        "keras.backend.set_image_data_format('channels_first')",
        "keras.config.set_image_data_format('channels_first')",
        "tf.keras.backend.set_image_data_format(data_format='channels_first')",
        "K = keras.backend; K.set_image_data_format('channels_first')",
        "from keras.backend import set_image_data_format as put; put('channels_first')",
        "from keras import backend as K; K.set_image_dim_ordering('th')",
        "if True: keras.backend.set_image_data_format('channels_first')",
        "put = keras.backend.set_image_data_format; put('channels_first')",
    ],
)
def test_channels_that_are_put_first_for_all_layers_are_refused_with_the_line(line: str) -> None:
    text = f"{HEAD}{line}\nmodel = keras.Sequential([keras.Input((3, 8, 8)), layers.Conv2D(4, 3)])"
    with pytest.raises(
        DesignError, match=r"Line 4: .* puts the channels first; Keras code is read with the channels last"
    ):
        from_code(text)


def test_a_layer_whose_channels_are_where_they_are_read_keeps_them() -> None:
    model = "model = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3{})])"
    kept = "keras.backend.set_image_data_format('channels_last')\n" + model.format("")
    own = "keras.backend.set_image_data_format('channels_first')\n" + model.format(", data_format='channels_last'")
    assert from_code(HEAD + kept) == from_code(HEAD + own) == from_code(HEAD + model.format(""))


@pytest.mark.parametrize("name", LAYERS)
def test_no_argument_is_too_strange_to_be_refused(name: str) -> None:
    parameters = LAYERS[name][0]
    needed = {"filters": "3", "kernel_size": "3", "units": "3", "rate": "0.5"}
    for parameter in (*parameters, "input_shape", "activation"):
        for value in (
            "'a'",
            "None",
            "-1",
            "[]",
            "{}",
            "((1, 1), (1,))",
            "layers.Dense(2)",
            "(None, 3)",
            "float('nan')",
        ):
            given = {key: needed[key] for key in parameters if key in needed} | {parameter: value}
            call = f"layers.{name}({', '.join(f'{key}={text}' for key, text in given.items())})"
            with suppress(DesignError):
                from_code(f"{HEAD}model = keras.Sequential([keras.Input((8, 8, 3)), {call}, layers.Conv2D(3, 3)])")
