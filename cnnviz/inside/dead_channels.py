"""Channels that are 0 whatever the net is shown, counted in a process of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from cnnviz.architecture import Architecture, build_model
from cnnviz.inside.feature_maps import record_maps
from cnnviz.layers import family
from cnnviz.processes.one_shot import OneShotProcess, serve

BATCH_SIZE = 8
"""Samples that go through the net at a time."""
LENGTH_BYTES = 8
"""Bytes of a request that hold the length of the design; the design and the tensors follow."""
SAMPLES = "samples"
"""Name of the samples among the tensors of a request; weights begin with WEIGHT."""
WEIGHT = "weight:"
NO_MEMORY = "Looking for dead channels needs more memory than the server has free. Use fewer channels, or pool earlier."
DEAD_CHANNELS_PROCESS = OneShotProcess(
    module="cnnviz.inside.dead_channels",
    task="Looking for dead channels",
    busy="Many nets are being looked into just now.",
    timeout_advice="Try again when fewer nets are training, or make the net smaller.",
    no_memory=NO_MEMORY,
)


@dataclass(frozen=True)
class DeadChannels:
    """The channels behind an activation, or the features, that are 0 for every sample and at every position."""

    title: str
    """The layer's number and kind, such as “2 ReLU”."""
    dead: tuple[int, ...]
    channels: int


def find_dead_channels(architecture: Architecture, model: nn.Module, samples: Tensor) -> list[DeadChannels]:
    """Counts the dead channels behind every activation on scaled samples (N, *shape), in evaluation mode."""
    alive: dict[str, Tensor] = {}
    for batch in torch.split(samples, BATCH_SIZE):
        for record in record_maps(architecture, model.eval(), batch):
            if family(record.layer.kind) == "activation":
                values = (record.after != 0).transpose(0, 1).flatten(1).any(dim=1)
                alive[record.title] = alive.get(record.title, torch.zeros_like(values)) | values
    return [
        DeadChannels(title, tuple(torch.nonzero(~values).flatten().tolist()), len(values))
        for title, values in alive.items()
    ]


def encode_request(architecture: Architecture, model: nn.Module, samples: Tensor) -> bytes:
    """Returns the request for the process: length of the design, design, weights and samples."""
    design = architecture.to_json().encode()
    tensors = {f"{WEIGHT}{name}": value.contiguous() for name, value in model.state_dict().items()}
    return len(design).to_bytes(LENGTH_BYTES, "big") + design + save(tensors | {SAMPLES: samples.contiguous()})


def handle_request(request: bytes) -> bytes:
    """Returns the dead channels of a request of `encode_request` as JSON."""
    end = LENGTH_BYTES + int.from_bytes(request[:LENGTH_BYTES], "big")
    architecture = Architecture.from_json(request[LENGTH_BYTES:end])
    tensors = load(request[end:])
    samples = tensors.pop(SAMPLES)
    with torch.device("meta"):
        model = build_model(architecture)
    model.load_state_dict({name.removeprefix(WEIGHT): value for name, value in tensors.items()}, assign=True)
    found = find_dead_channels(architecture, model, samples)
    return json.dumps([[layer.title, layer.dead, layer.channels] for layer in found]).encode()


def count_dead_channels(request: bytes) -> list[DeadChannels]:
    """Returns what a process of its own answers to a request; raises LimitError and CnnvizError as it does."""
    answer = json.loads(DEAD_CHANNELS_PROCESS.run(request))
    return [DeadChannels(title, tuple(dead), channels) for title, dead, channels in answer]


def main() -> None:
    """Answers one request."""
    serve(handle_request, no_memory=NO_MEMORY)
