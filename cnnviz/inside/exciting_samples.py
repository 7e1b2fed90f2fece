"""The samples of a data set that excite each channel of a net most, found in a process of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from cnnviz.architecture import Architecture
from cnnviz.inside.feature_maps import LayerMaps, record_maps
from cnnviz.inside.net_request import NetRequest, decode_request
from cnnviz.layers import family
from cnnviz.processes.one_shot import OneShotProcess, OnProgress, serve
from cnnviz.processes.tensor_message import decode_message, encode_message

SAMPLES_PER_CHANNEL = 8
MAX_CHANNELS = 1024
"""Channels of a layer that are looked at, from the first."""
FAMILIES = ("conv", "linear", "activation")
"""Families of layers whose channels are looked at."""
NO_MEMORY = "Looking for samples needs more memory than the server has free. Use fewer channels, or pool earlier."
EXCITING_SAMPLES_PROCESS = OneShotProcess(
    module="cnnviz.inside.exciting_samples",
    task="Looking for the samples that excite a channel",
    busy="Many nets are being looked into just now.",
    timeout_advice="Try again when fewer nets are training, or make the net smaller.",
    no_memory=NO_MEMORY,
)


@dataclass(frozen=True, eq=False)
class ExcitedLayer:
    """The samples with the greatest values of each channel of a layer, the greatest first."""

    title: str
    """The layer's number and kind, such as “2 ReLU”."""
    samples: npt.NDArray[np.int64]
    """(channels, up to 8): places of the samples in the request."""
    values: npt.NDArray[np.float32]
    """(channels, up to 8): the greatest value that the channel has at any position for that sample."""


def find_exciting_samples(
    architecture: Architecture, model: nn.Module, batches: Iterable[Tensor]
) -> list[ExcitedLayer]:
    """Finds the samples that excite each channel, or feature, behind convolutions, Linear layers and activations.

    A sample excites a channel as much as its greatest value over all positions. Of equally exciting samples the first
    ones are taken. A value that is not a number excites least.
    """
    best: dict[str, tuple[Tensor, Tensor]] = {}
    start = 0
    for batch in batches:
        places = torch.arange(start, start + len(batch))
        for record in record_maps(architecture, model, batch):
            if family(record.layer.kind) in FAMILIES:
                values = _excitements(record)
                best[record.title] = _best(best.get(record.title), values, places[:, None].expand_as(values))
        start += len(batch)
    return [ExcitedLayer(title, places.T.numpy(), values.T.numpy()) for title, (values, places) in best.items()]


def _excitements(record: LayerMaps) -> Tensor:
    """Returns the greatest value of each channel over all positions, (N, channels)."""
    values = record.after[:, :MAX_CHANNELS]
    return torch.nan_to_num(values.flatten(2).amax(dim=2) if values.dim() > 2 else values, nan=-torch.inf)


def _best(kept: tuple[Tensor, Tensor] | None, values: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the greatest values of each column, those kept before and new ones, with the places of their samples."""
    if kept is not None:
        values, places = torch.cat([kept[0], values]), torch.cat([kept[1], places])
    order = torch.argsort(values, dim=0, descending=True, stable=True)[:SAMPLES_PER_CHANNEL]
    return values.gather(0, order), places.gather(0, order)


def handle_request(message: bytes) -> bytes:
    """Returns the answer to an encoded `NetRequest`."""
    request = decode_request(message)
    layers = find_exciting_samples(request.architecture, request.build(), request.batches())
    samples = {f"samples:{number}": layer.samples for number, layer in enumerate(layers)}
    values = {f"values:{number}": layer.values for number, layer in enumerate(layers)}
    return encode_message([layer.title for layer in layers], {**samples, **values})


def exciting_samples(request: NetRequest, on_progress: OnProgress | None = None) -> list[ExcitedLayer]:
    """Returns what a process of its own finds; raises LimitError and CnnvizError as it does."""
    titles, tensors = decode_message(EXCITING_SAMPLES_PROCESS.run(request.encode(), on_progress=on_progress))
    return [
        ExcitedLayer(title, tensors[f"samples:{number}"].numpy(), tensors[f"values:{number}"].numpy())
        for number, title in enumerate(titles)
    ]


def main() -> None:
    """Answers one request."""
    serve(handle_request, no_memory=NO_MEMORY)
