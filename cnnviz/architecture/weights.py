"""Weights from files, checked against the design that they are for."""

import torch
from safetensors.torch import load
from torch import Tensor

from cnnviz.architecture.build import build_model
from cnnviz.architecture.design import Architecture
from cnnviz.errors import DataError, DesignError

MAX_HEADER_BYTES = 2**20
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
        expected = build_model(architecture).state_dict()
    for name in [*expected, *weights]:
        in_file, in_design = _describe_tensor(weights.get(name)), _describe_tensor(expected.get(name))
        if in_file != in_design:
            printable_name = "".join(character if character.isprintable() else "�" for character in name[:80])
            raise DesignError(
                f"{source} does not fit this design: {printable_name} is {in_file} in the file, but {in_design} in the"
                " design."
            )
    return weights


def _describe_tensor(values: Tensor | None) -> str:
    return "missing" if values is None else f"{tuple(values.shape)} {str(values.dtype).removeprefix('torch.')}"
