"""State from which a training continues elsewhere as if never interrupted: a safetensors file, nothing pickled."""

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
"""Key in the file's metadata under which the JSON text is stored."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """State of a training: tensors by name, on the CPU, and metadata that JSON can hold."""

    tensors: dict[str, Tensor]
    metadata: dict[str, Any]

    def tensors_below(self, name: str) -> dict[str, Tensor]:
        """Returns the tensors whose names begin with `name/`, under the rest of their names."""
        return {key[len(name) + 1 :]: value for key, value in self.tensors.items() if key.startswith(f"{name}/")}

    def write(self, file: Path) -> None:
        """Writes the file and waits until it is on the disk; raises OSError where that fails."""
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
        """Reads a file that `write` has written; raises TrainingError for any other file."""
        try:
            with safe_open(file, framework="pt") as stream:
                facts = json.loads((stream.metadata() or {})[METADATA_KEY])
                return cls({name: stream.get_tensor(name) for name in stream.keys()}, facts)  # noqa: SIM118
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise TrainingError(f"This checkpoint cannot be read ({error}).") from None


def copy_to_cpu(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies tensors to the CPU, in contiguous memory order; a plain state dict would change with the model."""
    return {
        name: value.detach().to("cpu", memory_format=torch.contiguous_format, copy=True)
        for name, value in tensors.items()
    }


def optimizer_state(optimizer: optim.Optimizer) -> dict[str, Tensor]:
    """Returns the tensors of an optimizer's state, named by index of the parameter and name: “0/momentum_buffer”."""
    return copy_to_cpu(
        {
            f"{index}/{name}": value
            for index, state in optimizer.state_dict()["state"].items()
            for name, value in state.items()
            if isinstance(value, Tensor)
        }
    )


def load_optimizer_state(optimizer: optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Restores an optimizer's tensors; learning rate and other settings stay as they are."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, _, name = key.partition("/")
        state.setdefault(int(index), {})[name] = _like_parameter(value, parameters[int(index)])
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _like_parameter(value: Tensor, parameter: nn.Parameter) -> Tensor:
    """Returns the value in the memory order of its parameter, so that the arithmetic is as fast as before."""
    return torch.empty_like(parameter, dtype=value.dtype).copy_(value) if value.shape == parameter.shape else value
