"""All that a training needs to go on elsewhere as if nothing had happened: a safetensors file, nothing pickled."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn, optim

from cnnviz.errors import TrainingError

METADATA_KEY = "cnnviz"
"""Name of the JSON text among the file's metadata."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Tensors by name, on the CPU, and numbers as JSON."""

    tensors: dict[str, Tensor]
    metadata: dict[str, Any]

    def tensors_below(self, name: str) -> dict[str, Tensor]:
        """The tensors below a name, `name/…`, without it."""
        return {key[len(name) + 1 :]: value for key, value in self.tensors.items() if key.startswith(f"{name}/")}

    def write(self, file: Path) -> None:
        """Write it down and wait until it lies on the disk; OSError where it cannot."""
        content = save(
            {name: value.contiguous() for name, value in self.tensors.items()},
            {METADATA_KEY: json.dumps(self.metadata)},
        )
        with file.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())

    @classmethod
    def read(cls, file: Path) -> "Snapshot":
        """What `write` has written; raises TrainingError for anything else."""
        try:
            with safe_open(file, framework="pt") as stream:
                facts = json.loads((stream.metadata() or {})[METADATA_KEY])
                return cls({name: stream.get_tensor(name) for name in stream.keys()}, facts)  # noqa: SIM118
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise TrainingError(f"This checkpoint cannot be read ({error}).") from None


def copy_to_cpu(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies on the CPU, in plain memory order; a state dict alone is an alias of the living weights."""
    return {
        name: value.detach().to("cpu", memory_format=torch.contiguous_format, copy=True)
        for name, value in tensors.items()
    }


def optimizer_state(optimizer: optim.Optimizer) -> dict[str, Tensor]:
    """What an optimizer remembers, by "index of the parameter/name"."""
    return copy_to_cpu(
        {
            f"{index}/{name}": value
            for index, state in optimizer.state_dict()["state"].items()
            for name, value in state.items()
            if isinstance(value, Tensor)
        }
    )


def load_optimizer_state(optimizer: optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give an optimizer back what it remembered; learning rate and the like stay as they are."""
    parameters = [each for group in optimizer.param_groups for each in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, _, name = key.partition("/")
        state.setdefault(int(index), {})[name] = _like_parameter(value, parameters[int(index)])
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _like_parameter(value: Tensor, parameter: nn.Parameter) -> Tensor:
    """In the memory order of its parameter, which makes the arithmetic as fast as before."""
    return torch.empty_like(parameter, dtype=value.dtype).copy_(value) if value.shape == parameter.shape else value
