"""The layer kinds a student can stack."""

from cnnviz.layers.activation import LogSoftmax, ReLU, Sigmoid, Tanh
from cnnviz.layers.base import Layer
from cnnviz.layers.conv import Conv2d
from cnnviz.layers.dropout import Dropout, Dropout2d
from cnnviz.layers.linear import Linear
from cnnviz.layers.norm import BatchNorm1d, BatchNorm2d
from cnnviz.layers.pool import AvgPool2d, MaxPool2d
from cnnviz.layers.reshape import Flatten

PALETTE: dict[str, type[Layer]] = {
    "Conv2d": Conv2d,
    "MaxPool2d": MaxPool2d,
    "AvgPool2d": AvgPool2d,
    "BatchNorm2d": BatchNorm2d,
    "BatchNorm1d": BatchNorm1d,
    "Dropout": Dropout,
    "Dropout2d": Dropout2d,
    "Flatten": Flatten,
    "Linear": Linear,
    "ReLU": ReLU,
    "Sigmoid": Sigmoid,
    "Tanh": Tanh,
    "LogSoftmax": LogSoftmax,
}
"""Every kind by the name of its torch class; a new kind is one class and one line here."""

__all__ = [
    "PALETTE",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv2d",
    "Dropout",
    "Dropout2d",
    "Flatten",
    "Layer",
    "Linear",
    "LogSoftmax",
    "MaxPool2d",
    "ReLU",
    "Sigmoid",
    "Tanh",
]
