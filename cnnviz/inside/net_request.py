"""A net and samples of its data set, as a process of its own gets them to look into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from cnnviz.architecture import Architecture, build_model, trace
from cnnviz.data.scaling import Scale
from cnnviz.processes.one_shot import report_progress
from cnnviz.processes.tensor_message import decode_message, encode_message

WEIGHT = "weight:"
"""Beginning of the names of weights among the tensors of a message."""
MAX_BATCH_SIZE = 64
MAX_BATCH_VALUES = 4_000_000
"""Largest number of samples that go through the net at a time, and of values that it makes of them."""


@dataclass(frozen=True, eq=False)
class NetRequest:
    """A net with its weights, samples (N, *shape) as the data set has them, and how the net wants them scaled."""

    architecture: Architecture
    weights: Mapping[str, Tensor]
    scale: Scale
    samples: npt.NDArray[np.float32]
    options: Mapping[str, Any] = field(default_factory=dict)
    """What else the process needs to know, in a form that JSON can hold."""
    arrays: Mapping[str, npt.NDArray[np.integer[Any]]] = field(default_factory=dict)
    """Whole numbers about the samples."""

    def build(self) -> nn.Module:
        """Returns the net with its weights, in evaluation mode."""
        with torch.device("meta"):
            model = build_model(self.architecture)
        model.load_state_dict(dict(self.weights), assign=True)
        return model.eval()

    @property
    def batch_size(self) -> int:
        """Samples that may go through the net at a time."""
        values = sum(step.activation_bytes for step in trace(self.architecture)) // 4
        return max(1, min(MAX_BATCH_SIZE, MAX_BATCH_VALUES // max(values, 1)))

    def batches(self, rest: int = 0) -> Iterator[Tensor]:
        """Yields the scaled samples in batches, and notes after each how far the process is.

        `rest` says how much work comes behind them, counted in samples.
        """
        size = self.batch_size
        for start in range(0, len(self.samples), size):
            yield torch.from_numpy(np.array(self.scale.apply(self.samples[start : start + size]), np.float32))
            report_progress(min(start + size, len(self.samples)), len(self.samples) + rest)

    def encode(self) -> bytes:
        """Returns the request as bytes, for `decode_request`."""
        header = {
            "architecture": self.architecture.to_json(),
            "floor": self.scale.floor,
            "options": dict(self.options),
            "arrays": sorted(self.arrays),
        }
        moments = {"mean": self.scale.mean, "std": self.scale.std}
        weights = {f"{WEIGHT}{name}": value for name, value in self.weights.items()}
        known = {name: moment for name, moment in moments.items() if moment is not None}
        return encode_message(header, {**weights, **self.arrays, **known, "samples": self.samples})


def decode_request(request: bytes) -> NetRequest:
    """Returns the request that `NetRequest.encode` has written."""
    header, tensors = decode_message(request)
    moments = [tensors[name].numpy() if name in tensors else None for name in ("mean", "std")]
    return NetRequest(
        Architecture.from_json(header["architecture"]),
        {name.removeprefix(WEIGHT): value for name, value in tensors.items() if name.startswith(WEIGHT)},
        Scale(header["floor"], *moments),
        tensors["samples"].numpy(),
        header["options"],
        {name: tensors[name].numpy() for name in header["arrays"]},
    )
