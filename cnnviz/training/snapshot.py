"""State from which a training continues elsewhere as if never interrupted: a safetensors file, nothing pickled."""

import hashlib
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

METADATA_KEY, DIGEST_KEY = "cnnviz", "digest"
"""Keys in the file's metadata: the JSON text, and a hash of it and of all tensors, which older files lack."""


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
        tensors, facts = {name: value.contiguous() for name, value in self.tensors.items()}, json.dumps(self.metadata)
        content = save(tensors, {METADATA_KEY: facts, DIGEST_KEY: _digest(tensors, facts)})
        with file.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())

    @classmethod
    def read(cls, file: Path) -> "Snapshot":
        """Reads a file that `write` has written; raises TrainingError for any other file, and for a damaged one."""
        try:
            with safe_open(file, framework="pt") as stream:
                metadata = stream.metadata() or {}
                facts = metadata[METADATA_KEY]
                tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
            if metadata.get(DIGEST_KEY, digest := _digest(tensors, facts)) != digest:
                raise ValueError("its content has changed since it was written")
            return cls(tensors, json.loads(facts))
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise TrainingError(f"This checkpoint cannot be read ({error}).") from None


def _digest(tensors: Mapping[str, Tensor], facts: str) -> str:
    """Returns a hash of tensors with their names, shapes and types, and of a text."""
    digest = hashlib.blake2b(facts.encode(), digest_size=16)
    for name, value in sorted(tensors.items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


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
