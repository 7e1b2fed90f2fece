"""The names of Keras: what imports bind, and what stands for what in code without them."""

from __future__ import annotations

import ast
import re

PREFIX = re.compile(r"(tensorflow\.compat\.v1\.keras|tensorflow\.python\.keras|tensorflow\.keras|tf_keras|keras)\.")
"""Under what names Keras is imported."""
ONLY_SEQUENTIAL = "of Keras, Sequential models are read: keras.Sequential([…]), or model.add(…)"
"""What is said of other code of Keras."""
LAYER_NAMES = (
    *("Conv1D", "Conv2D", "Conv3D", "SeparableConv1D", "SeparableConv2D", "DepthwiseConv1D", "DepthwiseConv2D"),
    *("Convolution1D", "Convolution2D", "Convolution3D", "SeparableConvolution1D", "SeparableConvolution2D"),
    *("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "Dense", "Flatten", "Input", "InputLayer"),
    *("MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "MaxPool1D", "MaxPool2D", "MaxPool3D"),
    *("AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "AvgPool1D", "AvgPool2D", "AvgPool3D"),
    *(f"Global{kind}{axes}D" for kind in ("AveragePooling", "AvgPool", "MaxPooling", "MaxPool") for axes in (1, 2, 3)),
    *("BatchNormalization", "LayerNormalization", "GroupNormalization", "ZeroPadding1D", "ZeroPadding2D"),
    *("UpSampling1D", "UpSampling2D", "UpSampling3D", "RMSNormalization"),
    *("ZeroPadding3D", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout"),
    *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"),
)
"""Layers of Keras that are understood."""
OTHER_LAYER_NAMES = (
    *(
        "Cropping2D",
        "Reshape",
        "Permute",
        "RepeatVector",
        "LSTM",
        "GRU",
        "Bidirectional",
    ),
    *("TimeDistributed", "Embedding", "Rescaling", "Resizing", "RandomFlip", "RandomRotation", "RandomZoom", "Lambda"),
    *("GaussianNoise", "GaussianDropout", "ThresholdedReLU", "Concatenate", "Add", "Multiply", "Attention"),
)
"""Some that are not, which are named in the refusal."""
_TELLING = (
    {*LAYER_NAMES, *OTHER_LAYER_NAMES}
    - {"ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "Dropout", "Flatten"}
    - {*("AlphaDropout", "Input", "Activation", "LSTM", "GRU", "Embedding", "Add", "Multiply", "Attention", "Lambda")}
)
FAMILIAR = {
    "tf": "tensorflow",
    "keras": "keras",
    "layers": "keras.layers",
    "models": "keras.models",
    "Sequential": "keras.Sequential",
    "Model": "keras.Model",
    **{name: f"keras.layers.{name}" for name in (*LAYER_NAMES, *OTHER_LAYER_NAMES)},
}
"""What names stand for in Keras code that was pasted without its imports."""


def keras_name(name: str) -> str | None:
    """Returns the name of something of Keras without where it is kept; None for anything else.

    >>> keras_name("tensorflow.keras.layers.Conv2D"), keras_name("torch.nn.Conv2d")
    ('layers.Conv2D', None)
    """
    match = PREFIX.match(name)
    if not match:
        return None
    rest = name[match.end() :].removeprefix("api.").removeprefix("src.")
    first, _, last = rest.partition(".")
    last = last.rpartition(".")[2]
    kept = {"engine": "", "models": "", "layers": "layers.", "activations": "activations.", "backend": "backend."}
    return f"{kept[first]}{last}" if first in kept and last else rest


def is_keras(tree: ast.Module) -> bool:
    """Returns whether a text is Keras code, imports or not: it calls layers that torch has not, and never torch."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    classes = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }
    modules = {getattr(node, "module", None) or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    is_torch = names & {"torch", "nn", "F"} or any(module.partition(".")[0] == "torch" for module in modules)
    return not is_torch and bool((called & _TELLING) - classes)


def star_names(module: str) -> dict[str, str]:
    """Returns what `from module import *` binds."""
    if keras_name(f"{module}.Dense") == "layers.Dense":
        return {name: f"keras.layers.{name}" for name in (*LAYER_NAMES, *OTHER_LAYER_NAMES)}
    if keras_name(f"{module}.Sequential") == "Sequential":
        return {"Sequential": "keras.Sequential", "Model": "keras.Model"}
    return {}
