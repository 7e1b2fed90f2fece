"""The layer kinds that a student can stack."""

from functools import cache
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from cnnviz.layers.activation import (
    CELU,
    ELU,
    GELU,
    SELU,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from cnnviz.layers.base import Layer
from cnnviz.layers.block import Block, Parallel, Residual, StackField
from cnnviz.layers.conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from cnnviz.layers.dropout import AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d
from cnnviz.layers.linear import Linear
from cnnviz.layers.norm import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    GroupNorm,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
    LayerNorm,
)
from cnnviz.layers.pool import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
    LPPool1d,
    LPPool2d,
    LPPool3d,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
)
from cnnviz.layers.reshape import Flatten

PALETTE: dict[str, type[Layer]] = {
    "Conv1d": Conv1d,
    "Conv2d": Conv2d,
    "Conv3d": Conv3d,
    "ConvTranspose1d": ConvTranspose1d,
    "ConvTranspose2d": ConvTranspose2d,
    "ConvTranspose3d": ConvTranspose3d,
    "MaxPool1d": MaxPool1d,
    "MaxPool2d": MaxPool2d,
    "MaxPool3d": MaxPool3d,
    "AvgPool1d": AvgPool1d,
    "AvgPool2d": AvgPool2d,
    "AvgPool3d": AvgPool3d,
    "LPPool1d": LPPool1d,
    "LPPool2d": LPPool2d,
    "LPPool3d": LPPool3d,
    "AdaptiveAvgPool1d": AdaptiveAvgPool1d,
    "AdaptiveAvgPool2d": AdaptiveAvgPool2d,
    "AdaptiveAvgPool3d": AdaptiveAvgPool3d,
    "AdaptiveMaxPool1d": AdaptiveMaxPool1d,
    "AdaptiveMaxPool2d": AdaptiveMaxPool2d,
    "AdaptiveMaxPool3d": AdaptiveMaxPool3d,
    "BatchNorm1d": BatchNorm1d,
    "BatchNorm2d": BatchNorm2d,
    "BatchNorm3d": BatchNorm3d,
    "InstanceNorm1d": InstanceNorm1d,
    "InstanceNorm2d": InstanceNorm2d,
    "InstanceNorm3d": InstanceNorm3d,
    "LayerNorm": LayerNorm,
    "GroupNorm": GroupNorm,
    "Linear": Linear,
    "Flatten": Flatten,
    "Dropout": Dropout,
    "Dropout1d": Dropout1d,
    "Dropout2d": Dropout2d,
    "Dropout3d": Dropout3d,
    "AlphaDropout": AlphaDropout,
    "ReLU": ReLU,
    "ReLU6": ReLU6,
    "LeakyReLU": LeakyReLU,
    "PReLU": PReLU,
    "ELU": ELU,
    "SELU": SELU,
    "CELU": CELU,
    "GELU": GELU,
    "SiLU": SiLU,
    "Mish": Mish,
    "Softplus": Softplus,
    "Hardswish": Hardswish,
    "Hardtanh": Hardtanh,
    "Hardsigmoid": Hardsigmoid,
    "Sigmoid": Sigmoid,
    "Tanh": Tanh,
    "Softsign": Softsign,
    "LogSigmoid": LogSigmoid,
    "Softmax": Softmax,
    "LogSoftmax": LogSoftmax,
    "Residual": Residual,
    "Parallel": Parallel,
}
"""Every kind by its name, that of its torch class unless it is a block; a new kind is one class and one line here."""

if TYPE_CHECKING:
    AnyLayer = Layer
else:
    AnyLayer = Annotated[Union[tuple(PALETTE.values())], Field(discriminator="kind")]  # noqa: UP007 (built at run time)
    """A layer of any kind, which pydantic tells by its `kind`."""

for _kind in PALETTE.values():
    if issubclass(_kind, Block):
        _kind.model_rebuild(_types_namespace={"AnyLayer": AnyLayer})


@cache
def family(kind: str) -> str:
    """Returns the file that a kind, or its nearest base in this package, is in: conv, pool, activation, block, …

    >>> family("MaxPool2d"), family("Residual")
    ('pool', 'block')
    """
    package = f"{__name__}."
    module = next(base.__module__ for base in PALETTE[kind].__mro__ if base.__module__.startswith(package))
    return module.removeprefix(package)


__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "PALETTE",
    "SELU",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AlphaDropout",
    "AnyLayer",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "Block",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "Flatten",
    "GroupNorm",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSigmoid",
    "LogSoftmax",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "Mish",
    "PReLU",
    "Parallel",
    "ReLU",
    "ReLU6",
    "Residual",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "StackField",
    "Tanh",
    "family",
]
