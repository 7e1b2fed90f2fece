"""Understand convolutional networks by building them.

What a notebook needs is imported from here. It is loaded when it is first used, because torch takes a second:

explain       the table of a live torch module
trace         the steps of a design, with reasons and mends
build         the torch module of a design
to_code       a design as PyTorch code
from_code     a design from PyTorch code
Architecture  a design: an input shape and a stack of layers
PALETTE       every layer kind by its name
PRESETS       every net to start from by its name
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnviz.architecture import Architecture, trace
    from cnnviz.architecture import build_model as build
    from cnnviz.explanation import explain
    from cnnviz.layers import PALETTE
    from cnnviz.presets import PRESETS
    from cnnviz.source import from_code, to_code

__all__ = ["PALETTE", "PRESETS", "Architecture", "build", "explain", "from_code", "to_code", "trace"]
__version__ = "0.1.0"

_PLACES = {
    "Architecture": "cnnviz.architecture:Architecture",
    "PALETTE": "cnnviz.layers:PALETTE",
    "PRESETS": "cnnviz.presets:PRESETS",
    "build": "cnnviz.architecture:build_model",
    "explain": "cnnviz.explanation:explain",
    "from_code": "cnnviz.source:from_code",
    "to_code": "cnnviz.source:to_code",
    "trace": "cnnviz.architecture:trace",
}
"""Where each name is, as module:name."""


def __getattr__(name: str) -> object:
    """Loads what stands in `__all__` when it is first used."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _PLACES[name].split(":")
    value: object = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
