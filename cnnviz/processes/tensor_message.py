"""Messages to and from a one-shot process: a header and arrays by name."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load, save
from torch import Tensor

LENGTH_BYTES = 8
"""Bytes at the beginning of a message that hold the length of its header; header and tensors follow."""


def encode_message(header: object, arrays: Mapping[str, npt.NDArray[Any] | Tensor]) -> bytes:
    """Returns bytes with a header, in a form that JSON can hold, and arrays or tensors by name."""
    text = json.dumps(header).encode()
    tensors = {
        name: array.contiguous() if isinstance(array, Tensor) else torch.from_numpy(np.ascontiguousarray(array))
        for name, array in arrays.items()
    }
    return b"".join((len(text).to_bytes(LENGTH_BYTES, "big"), text, save(tensors)))


def decode_message(message: bytes) -> tuple[Any, dict[str, Tensor]]:
    """Returns the header and the arrays of `encode_message`, as tensors."""
    end = LENGTH_BYTES + int.from_bytes(message[:LENGTH_BYTES], "big")
    return json.loads(message[LENGTH_BYTES:end]), load(message[end:])
