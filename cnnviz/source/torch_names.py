"""The names of torch: what imports bind, and which layer each function is."""

import ast
import builtins
from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional

from cnnviz.layers import PALETTE, Block
from cnnviz.layers.written_modules import WRITTEN_MODULES
from cnnviz.source.keras_names import FAMILIAR as KERAS_FAMILIAR
from cnnviz.source.keras_names import is_keras, star_names

FAMILIAR: dict[str, str] = {
    "torch": "torch",
    "nn": "torch.nn",
    "F": "torch.nn.functional",
    "OrderedDict": "collections.OrderedDict",
    "Module": "torch.nn.Module",
    "ModuleList": "torch.nn.ModuleList",
    "Sequential": "torch.nn.Sequential",
    "Identity": "torch.nn.Identity",
    **{
        kind: f"{'cnnviz' if issubclass(cls, Block) else 'torch.nn'}.{kind}"
        for kind, cls in PALETTE.items()
        if kind not in WRITTEN_MODULES
    },
}
"""What names stand for in code that was pasted without its imports."""

_WINDOW = ("kernel_size", "stride", "padding")
_MAX_POOL = (*_WINDOW, "dilation", "ceil_mode", "return_indices")
_AVG_POOL = (*_WINDOW, "ceil_mode", "count_include_pad", "divisor_override")
_LP_POOL = ("norm_type", "kernel_size", "stride", "ceil_mode")
_DROPOUT = ("p", "training", "inplace")
_INTERPOLATE = ("size", "scale_factor", "mode", "align_corners", "recompute_scale_factor", "antialias")
_SOFTMAX = ("dim", "_stacklevel", "dtype")

FUNCTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "relu": ("ReLU", ("inplace",)),
    "relu6": ("ReLU6", ("inplace",)),
    "leaky_relu": ("LeakyReLU", ("negative_slope", "inplace")),
    "elu": ("ELU", ("alpha", "inplace")),
    "selu": ("SELU", ("inplace",)),
    "celu": ("CELU", ("alpha", "inplace")),
    "gelu": ("GELU", ("approximate",)),
    "silu": ("SiLU", ("inplace",)),
    "mish": ("Mish", ("inplace",)),
    "softplus": ("Softplus", ("beta", "threshold")),
    "hardswish": ("Hardswish", ("inplace",)),
    "hardtanh": ("Hardtanh", ("min_val", "max_val", "inplace")),
    "hardsigmoid": ("Hardsigmoid", ("inplace",)),
    "threshold": ("Threshold", ("threshold", "value", "inplace")),
    "hardshrink": ("Hardshrink", ("lambd",)),
    "softshrink": ("Softshrink", ("lambd",)),
    "tanhshrink": ("Tanhshrink", ()),
    "glu": ("GLU", ("dim",)),
    "sigmoid": ("Sigmoid", ()),
    "tanh": ("Tanh", ()),
    "softsign": ("Softsign", ()),
    "logsigmoid": ("LogSigmoid", ()),
    "softmax": ("Softmax", _SOFTMAX),
    "log_softmax": ("LogSoftmax", _SOFTMAX),
    "softmin": ("Softmin", _SOFTMAX),
    "flatten": ("Flatten", ("start_dim", "end_dim")),
    "pixel_shuffle": ("PixelShuffle", ("upscale_factor",)),
    "pixel_unshuffle": ("PixelUnshuffle", ("downscale_factor",)),
    "channel_shuffle": ("ChannelShuffle", ("groups",)),
    "interpolate": ("Upsample", _INTERPOLATE),
    "upsample": ("Upsample", _INTERPOLATE[:4]),
    "local_response_norm": ("LocalResponseNorm", ("size", "alpha", "beta", "k")),
    "max_pool1d": ("MaxPool1d", _MAX_POOL),
    "max_pool2d": ("MaxPool2d", _MAX_POOL),
    "max_pool3d": ("MaxPool3d", _MAX_POOL),
    "avg_pool1d": ("AvgPool1d", _AVG_POOL[:-1]),
    "avg_pool2d": ("AvgPool2d", _AVG_POOL),
    "avg_pool3d": ("AvgPool3d", _AVG_POOL),
    "lp_pool1d": ("LPPool1d", _LP_POOL),
    "lp_pool2d": ("LPPool2d", _LP_POOL),
    "lp_pool3d": ("LPPool3d", _LP_POOL),
    "adaptive_avg_pool1d": ("AdaptiveAvgPool1d", ("output_size",)),
    "adaptive_avg_pool2d": ("AdaptiveAvgPool2d", ("output_size",)),
    "adaptive_avg_pool3d": ("AdaptiveAvgPool3d", ("output_size",)),
    "adaptive_max_pool1d": ("AdaptiveMaxPool1d", ("output_size", "return_indices")),
    "adaptive_max_pool2d": ("AdaptiveMaxPool2d", ("output_size", "return_indices")),
    "adaptive_max_pool3d": ("AdaptiveMaxPool3d", ("output_size", "return_indices")),
    "dropout": ("Dropout", _DROPOUT),
    "dropout1d": ("Dropout1d", _DROPOUT),
    "dropout2d": ("Dropout2d", _DROPOUT),
    "dropout3d": ("Dropout3d", _DROPOUT),
    "alpha_dropout": ("AlphaDropout", _DROPOUT),
    "feature_alpha_dropout": ("FeatureAlphaDropout", _DROPOUT),
}
"""The layer that each function of torch is, and its parameters after the input, in torch's order."""

_NAMESPACES = {"torch.nn.functional": functional, "torch": torch, "torch.Tensor": torch.Tensor}

LAYER_FUNCTIONS: dict[str, str] = {
    f"{namespace}.{name}{suffix}": name
    for namespace, module in _NAMESPACES.items()
    for name in FUNCTIONS
    for suffix in ("", "_")
    if hasattr(module, f"{name}{suffix}")
}
"""The key in FUNCTIONS of everything in torch that is such a function, in place or not, or a tensor's method."""


LAYER_CLASSES: dict[str, str] = {
    f"torch.nn.{prefix}{kind}": kind
    for kind, cls in PALETTE.items()
    for prefix in ("", "Lazy")
    if not issubclass(cls, Block) and hasattr(nn, f"{prefix}{kind}")
}
"""The kind of layer that each class of torch is, by its full name."""


def imported_names(tree: ast.Module) -> dict[str, str]:
    """Returns the full names of what a text imports, of what is usually imported, and of Python's own names."""
    names = {**{name: f"builtins.{name}" for name in dir(builtins)}, **FAMILIAR}
    if is_keras(tree):
        names |= KERAS_FAMILIAR
    for statement in ast.walk(tree):
        if isinstance(statement, ast.Import):
            roots = ((alias.asname, alias.name) for alias in statement.names)
            names |= {
                as_name or name.partition(".")[0]: name if as_name else name.partition(".")[0]
                for as_name, name in roots
            }
        elif isinstance(statement, ast.ImportFrom) and (statement.level or not statement.module):
            module = "." * statement.level + (f"{statement.module}." if statement.module else "")
            names |= {alias.asname or alias.name: f"{module}{alias.name}" for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            names |= {alias.asname or alias.name: f"{statement.module}.{alias.name}" for alias in statement.names}
            if statement.module == "torch.nn.functional" and statement.names[0].name == "*":
                names |= {name: f"torch.nn.functional.{name}" for name in FUNCTIONS}
            if statement.names[0].name == "*":
                names |= star_names(statement.module)
    return names


def full_name(node: ast.expr, names: Mapping[str, str]) -> str | None:
    """Returns the full name of an expression such as `nn.Conv2d`; None where it is not a name that was imported.

    >>> full_name(ast.parse("nn.Conv2d", mode="eval").body, FAMILIAR)
    'torch.nn.Conv2d'
    """
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in names:
        return None
    return ".".join((names[node.id], *reversed(parts)))
