"""Channels that are 0 whatever the net is shown, counted in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnnviz.architecture import Architecture
from cnnviz.inside.feature_maps import record_maps
from cnnviz.inside.net_request import NetRequest, decode_request
from cnnviz.layers import family
from cnnviz.processes.one_shot import OneShotProcess, OnProgress, serve

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


def find_dead_channels(architecture: Architecture, model: nn.Module, batches: Iterable[Tensor]) -> list[DeadChannels]:
    """Counts the dead channels behind every activation on batches of scaled samples (N, *shape)."""
    alive: dict[str, Tensor] = {}
    for batch in batches:
        for record in record_maps(architecture, model, batch):
            if family(record.layer.kind) == "activation":
                values = (record.after != 0).transpose(0, 1).flatten(1).any(dim=1)
                alive[record.title] = alive.get(record.title, torch.zeros_like(values)) | values
    return [
        DeadChannels(title, tuple(torch.nonzero(~values).flatten().tolist()), len(values))
        for title, values in alive.items()
    ]


def handle_request(message: bytes) -> bytes:
    """Returns the dead channels of an encoded `NetRequest` as JSON."""
    request = decode_request(message)
    found = find_dead_channels(request.architecture, request.build(), request.batches())
    return json.dumps([[layer.title, layer.dead, layer.channels] for layer in found]).encode()


def count_dead_channels(request: NetRequest, on_progress: OnProgress | None = None) -> list[DeadChannels]:
    """Returns what a process of its own finds; raises LimitError and CnnvizError as it does."""
    answer = json.loads(DEAD_CHANNELS_PROCESS.run(request.encode(), on_progress=on_progress))
    return [DeadChannels(title, tuple(dead), channels) for title, dead, channels in answer]


def main() -> None:
    """Answers one request."""
    serve(handle_request, no_memory=NO_MEMORY)
