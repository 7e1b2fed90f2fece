"""Weights from files, checked against the design that they are for."""

import torch
from safetensors.torch import load
from torch import Tensor

from cnnviz.architecture.design import Architecture
from cnnviz.architecture.trace import build
from cnnviz.errors import DataError, DesignError

MAX_HEADER = 2**20
"""Bytes around the values of a file of weights, at most."""


def read_tensors(content: bytes, source: str) -> dict[str, Tensor]:
    """What a .safetensors file holds; raises DataError, which names the `source`, where it is none."""
    try:
        tensors: dict[str, Tensor] = load(content)
    except Exception:  # safetensors and torch let all kinds out: SafetensorError, KeyError, RuntimeError, …
        raise DataError(f"{source} is no .safetensors file, or is damaged.") from None
    return tensors


def read_weights(content: bytes, architecture: Architecture, source: str = "This file") -> dict[str, Tensor]:
    """The state dict in a .safetensors file; raises DataError where it is none, DesignError where of another design.

    What the design wants is asked of a net without values, so that no design is too large to be asked.
    """
    weights = read_tensors(content, source)
    with torch.device("meta"):
        wanted = build(architecture).state_dict()
    for name in [*wanted, *weights]:
        there, here = _told(weights.get(name)), _told(wanted.get(name))
        if there != here:
            shown = "".join(each if each.isprintable() else "�" for each in name[:80])
            raise DesignError(
                f"{source} does not fit this design: {shown} is {there} in the file, but {here} in the design."
            )
    return weights


def _told(values: Tensor | None) -> str:
    return "missing" if values is None else f"{tuple(values.shape)} {str(values.dtype).removeprefix('torch.')}"
