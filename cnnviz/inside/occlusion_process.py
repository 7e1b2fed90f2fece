"""Occlusion, done by a process of its own: a net answers once for each window that is covered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from cnnviz.inside.net_request import NetRequest, decode_request
from cnnviz.inside.occlusion import occlusion, window_masks
from cnnviz.inside.relevance import Relevance
from cnnviz.inside.subject import build_untrained
from cnnviz.processes.one_shot import OneShotProcess, OnProgress, report_progress, serve
from cnnviz.processes.tensor_message import decode_message, encode_message
from cnnviz.shapes import Shape

NO_MEMORY = "Covering this sample needs more memory than the server has free. Use fewer channels, or pool earlier."
OCCLUSION_PROCESS = OneShotProcess(
    module="cnnviz.inside.occlusion_process",
    task="Covering this sample window by window",
    busy="Many samples are being covered just now.",
    timeout_advice="Choose a larger window, or another method.",
    no_memory=NO_MEMORY,
)


def occlude(
    request: NetRequest,
    *,
    label: int,
    windows: tuple[Shape, Shape],
    cover: float,
    seeds: Sequence[int] = (),
    on_progress: OnProgress | None = None,
) -> list[Relevance]:
    """Returns what `occlusion` finds for the one sample of a request, in a process of its own.

    `windows` are window and stride along the axes behind the channels, and `cover` is what hides values of the scaled
    sample. With seeds, there is one map for the same design with the initial weights of each instead. Raises LimitError
    and CnnvizError as the process does.
    """
    options = {"label": label, "windows": windows, "cover": cover, "seeds": list(seeds)}
    asked = replace(request, options=options)
    count, tensors = decode_message(OCCLUSION_PROCESS.run(asked.encode(), on_progress=on_progress))
    return [tensors[str(number)].numpy() for number in range(count)]


def handle_request(message: bytes) -> bytes:
    """Returns the maps for an encoded `NetRequest` with the options of `occlude`."""
    request = decode_request(message)
    options, seeds = request.options, request.options["seeds"]
    window, stride = (tuple(sizes) for sizes in options["windows"])
    nets = (build_untrained(request.architecture, seed).eval() for seed in seeds) if seeds else [request.build()]
    sample = torch.from_numpy(np.array(request.scale.apply(request.samples), np.float32))[0]
    count = len(window_masks(tuple(sample.shape), window, stride))
    total = max(len(seeds), 1) * count
    maps = {}
    for number, model in enumerate(nets):
        maps[str(number)] = occlusion(
            model,
            sample,
            options["label"],
            window=window,
            stride=stride,
            cover=options["cover"],
            batch_size=request.batch_size,
            report=partial(_report, number * count, total),
        )
    return encode_message(len(maps), maps)


def _report(before: int, total: int, done: int) -> None:
    report_progress(before + done, total)


def main() -> None:
    """Answers one request."""
    serve(handle_request, no_memory=NO_MEMORY)
