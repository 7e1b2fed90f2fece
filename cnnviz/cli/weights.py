"""Weights from files, checked against the design that they are for."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from cnnviz.architecture import Architecture, build
from cnnviz.cli.files import read
from cnnviz.errors import CnnvizError, DesignError
from cnnviz.settings import settings

_HEADER = 2**20
"""Bytes around the values of a file of weights, at most."""


def read_weights(path: Path, architecture: Architecture) -> dict[str, Tensor]:
    """The state dict in a .safetensors file; raises CnnvizError where it is none, or that of another design."""
    try:
        weights: dict[str, Tensor] = load(read(path, settings().max_export_bytes + _HEADER))
    except SafetensorError:
        raise CnnvizError(f"{path} is no .safetensors file, or is damaged.") from None
    wanted = build(architecture).state_dict()
    for name in [*wanted, *weights]:
        there, here = _told(weights.get(name)), _told(wanted.get(name))
        if there != here:
            raise DesignError(
                f"{path} does not fit this design: {name[:80]} is {there} in the file, but {here} in the design."
            )
    return weights


def _told(values: Tensor | None) -> str:
    return "missing" if values is None else f"{tuple(values.shape)} {str(values.dtype).removeprefix('torch.')}"
