"""Embedding: what a net makes of samples right before its last layer, drawn flat, and which samples lie near there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from torch import Tensor, nn

from cnnviz.architecture import Architecture, layer_number, trace
from cnnviz.errors import DesignError
from cnnviz.inside.net_request import NetRequest, decode_request
from cnnviz.layers import family
from cnnviz.processes.one_shot import OneShotProcess, OnProgress, serve
from cnnviz.processes.tensor_message import decode_message, encode_message
from cnnviz.shapes import numel

Method = Literal["PCA", "t-SNE"]
NEIGHBOURS = 20
"""Training samples that are named as the nearest of each sample."""
MAX_WIDTH = 8192
"""Largest number of values per sample of an embedding."""
TSNE_INPUTS = 50
"""Principal components that t-SNE starts from, as its authors do."""
PERPLEXITY = 30.0
NO_MEMORY = "Embedding the samples needs more memory than the server has free. Use fewer channels, or pool earlier."
EMBEDDING_PROCESS = OneShotProcess(
    module="cnnviz.inside.embedding",
    task="Embedding the samples",
    busy="Many nets are being looked into just now.",
    timeout_advice="Try again when fewer nets are training, or take PCA.",
    no_memory=NO_MEMORY,
    timeout_seconds=120,
)


@dataclass(frozen=True, eq=False)
class Embedding:
    """Samples as a net has them before its last layer with weights."""

    title: str
    """The number and kind of that layer, such as “9 Linear”."""
    width: int
    """Values per sample there."""
    drawn: npt.NDArray[np.int64]
    """(M,): places of the drawn samples in the request."""
    points: npt.NDArray[np.float32]
    """(M, 2): where they are drawn."""
    explained: tuple[float, float]
    """Share of the variance that each axis has; 0 for t-SNE, whose axes mean nothing."""
    nearest: npt.NDArray[np.int32]
    """(N, up to 20): for each sample of the request the nearest training samples but itself, by their places."""
    distances: npt.NDArray[np.float32]
    """(N, up to 20): how far these are, Euclidean, over all values of the embedding."""


def last_weighted_layer(architecture: Architecture) -> int:
    """Returns the place of the last layer of a design that mixes its inputs by weights.

    Activations and norms with weights do not count. Raises DesignError where there is none.
    """
    places = [
        place for place, layer in enumerate(architecture.layers) if family(layer.kind) in ("conv", "linear", "block")
    ]
    if not places:
        raise DesignError("This net has no layer with weights, so it has no last hidden layer.")
    return places[-1]


def check_width(architecture: Architecture) -> None:
    """Raises DesignError where the last layer with weights gets more values of a sample than are embedded."""
    place = last_weighted_layer(architecture)
    shape = trace(architecture)[place - 1].output_shape if place else architecture.input_shape
    if (width := numel(shape or ())) > MAX_WIDTH:
        raise DesignError(
            f"The last layer with weights of this net gets {width:,} values of a sample; up to {MAX_WIDTH:,} are"
            " embedded. Pool before it."
        )


def hidden_values(architecture: Architecture, model: nn.Module, batch: Tensor) -> Tensor:
    """Returns what the last layer with weights gets of scaled samples (N, *shape), as rows (N, width)."""
    with torch.no_grad():
        for module in list(model.children())[: last_weighted_layer(architecture)]:
            batch = module(batch)
    return batch.flatten(1)


def embed(
    request: NetRequest, *, method: Method, drawn: npt.NDArray[np.int64], training: npt.NDArray[np.int64]
) -> Embedding:
    """Embeds all samples of a request, draws some of them and finds the nearest training samples of each.

    `drawn`, at least two, and `training`, at least one, are places of samples in the request. PCA is fitted to all
    samples; t-SNE arranges the drawn ones, from their first 50 principal components (van der Maaten & Hinton 2008).
    """
    place = last_weighted_layer(request.architecture)
    check_width(request.architecture)
    model = request.build()
    rest = len(request.samples) if method == "t-SNE" else 0  # arranging them takes about as long again
    rows = torch.cat([hidden_values(request.architecture, model, batch) for batch in request.batches(rest)]).numpy()
    largest = float(np.finfo(np.float32).max) ** 0.25  # so that no square overflows
    rows = np.nan_to_num(rows, nan=0).clip(-largest, largest)
    points, explained = _arrange(rows, drawn, method)
    nearest, distances = _nearest(rows, training)
    return Embedding(
        f"{layer_number((place,))} {request.architecture.layers[place].kind}",
        rows.shape[1],
        drawn,
        points,
        explained,
        nearest,
        distances,
    )


def _arrange(
    rows: npt.NDArray[np.float32], drawn: npt.NDArray[np.int64], method: Method
) -> tuple[npt.NDArray[np.float32], tuple[float, float]]:
    """Returns where the drawn rows lie in the plane, and the share of the variance along each axis."""
    components = min(TSNE_INPUTS if method == "t-SNE" else 2, *rows.shape)
    with np.errstate(invalid="ignore"):  # constant rows have no variance, so no shares of it
        model = PCA(components, random_state=0).fit(rows)
    projected = np.asarray(model.transform(rows[drawn]), np.float32)
    if method == "t-SNE":
        from sklearn.manifold import TSNE  # noqa: PLC0415  (takes half a second, and PCA does without)

        perplexity = min(PERPLEXITY, (len(drawn) - 1) / 3)
        arranged = TSNE(init="pca", perplexity=perplexity, random_state=0).fit_transform(projected)
        return np.asarray(arranged, np.float32), (0.0, 0.0)
    shares = [*np.nan_to_num(model.explained_variance_ratio_).tolist(), 0.0][:2]
    padded = np.pad(projected, ((0, 0), (0, 2 - components)))
    return padded, (shares[0], shares[1])


def _nearest(
    rows: npt.NDArray[np.float32], training: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Returns the nearest training rows of every row but itself, and their distances."""
    count = min(NEIGHBOURS, max(len(training) - 1, 1))
    model = NearestNeighbors(n_neighbors=min(count + 1, len(training)), algorithm="brute").fit(rows[training])
    distances, order = model.kneighbors(rows)
    places = training[order]
    is_itself = places == np.arange(len(rows))[:, None]
    # the row itself goes behind all others, so that the first ones are others; without itself, the last one is left out
    last = np.argsort(is_itself, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(places, last, 1).astype(np.int32), np.take_along_axis(distances, last, 1).astype(
        np.float32
    )


def handle_request(message: bytes) -> bytes:
    """Returns the answer to an encoded `NetRequest`, with the method among its options."""
    request = decode_request(message)
    drawn, training = (np.asarray(request.arrays[name], np.int64) for name in ("drawn", "training"))
    found = embed(request, method=request.options["method"], drawn=drawn, training=training)
    return encode_message(
        [found.title, found.width, found.explained],
        {"points": found.points, "nearest": found.nearest, "distances": found.distances},
    )


def embed_samples(
    request: NetRequest,
    *,
    method: Method,
    drawn: npt.NDArray[np.int64],
    training: npt.NDArray[np.int64],
    on_progress: OnProgress | None = None,
) -> Embedding:
    """Returns what `embed` does, in a process of its own; raises DesignError, LimitError and CnnvizError as it does."""
    asked = NetRequest(
        request.architecture,
        request.weights,
        request.scale,
        request.samples,
        {"method": method},
        {"drawn": drawn, "training": training},
    )
    answer = EMBEDDING_PROCESS.run(asked.encode(), on_progress=on_progress)
    (title, width, (first, second)), tensors = decode_message(answer)
    points, nearest, distances = (tensors[name].numpy() for name in ("points", "nearest", "distances"))
    return Embedding(title, width, drawn, points, (first, second), nearest, distances)


def main() -> None:
    """Answers one request."""
    serve(handle_request, no_memory=NO_MEMORY)
