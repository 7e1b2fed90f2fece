"""Reads weights from files and checks them against the design that they are for."""

import torch
from safetensors.torch import load
from torch import Tensor

from cnnviz.architecture.build import build_model
from cnnviz.architecture.design import Architecture
from cnnviz.errors import DataError, DesignError

MAX_HEADER_BYTES = 2**20
"""Largest number of bytes that a file of weights may have besides its values."""


def read_tensors(content: bytes, source: str) -> dict[str, Tensor]:
    """Returns the tensors in a .safetensors file; raises DataError, which names the `source`, where it is none."""
    try:
        tensors: dict[str, Tensor] = load(content)
    except Exception:  # safetensors and torch raise all kinds of errors: SafetensorError, KeyError, RuntimeError, …
        raise DataError(f"{source} is no .safetensors file, or is damaged.") from None
    return tensors


def read_weights(content: bytes, architecture: Architecture, source: str = "This file") -> dict[str, Tensor]:
    """Returns the state dict in a .safetensors file for a design.

    The expected names and shapes come from a net on torch's meta device, so that no design is too large to check.
    Raises DataError where the file is damaged, DesignError where its tensors are not those of the design.
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
