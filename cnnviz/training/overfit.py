"""Over-fitting one batch: can a net learn a few samples by heart? If it cannot, something is broken.

Source: Karpathy, "A Recipe for Training Neural Networks" (2019): “overfit a single batch”.
`overfit_batch` asks a process of its own; `overfit` is what that process does.
"""

import math
import time
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor, nn

from cnnviz.architecture import Architecture, build_model, iter_modules, layer_number
from cnnviz.errors import DesignError
from cnnviz.processes.one_shot import OneShotProcess, serve
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from cnnviz.training.loss import build_criterion
from cnnviz.validation import FrozenModel

SAMPLES = 32
MAX_STEPS = 300
MAX_SECONDS = 20.0
"""Time after which it is left at what has been learned."""
LEARNED_LOSS = 0.1
"""Loss below which the samples are known by heart."""
FLAT_LOSS_RATIO = 0.98
"""Quotient of the lowest and the first loss; above this value, nothing was learned."""
LENGTH_BYTES = 8
NO_MEMORY = "The server has no memory free for this check. Try again when fewer nets are training."
OVERFIT_PROCESS = OneShotProcess(
    module="cnnviz.training.overfit",
    task="Over-fitting one batch",
    busy="Many are over-fitting a batch just now.",
    timeout_advice="Make the net smaller, or train it.",
    no_memory=NO_MEMORY,
    reassurance="The design is safe",
    refusal_error=DesignError,
)

Verdict = Literal["learned", "too slow", "not learning", "diverged"]


class OverfitResult(FrozenModel):
    """What came of it."""

    verdict: Verdict
    losses: tuple[float, ...]
    """Loss before each step, and after the last one."""
    accuracy: float
    """Share of the samples that are right at the end."""
    samples: Annotated[int, Field(ge=1)]
    twins: int = 0
    """Samples that are equal to another one of a different class: nothing can tell these apart."""
    dead_layers: tuple[str, ...] = ()
    """Layers whose weights got no gradient at all in the first step."""
    seconds: float = 0.0


class _Request(FrozenModel):
    architecture: Architecture
    config: TrainConfig
    samples: int


def overfit_batch(
    architecture: Architecture, config: TrainConfig, x: npt.NDArray[np.float32], y: npt.NDArray[np.int64]
) -> OverfitResult:
    """Returns whether a net learns scaled samples (N, *shape) and their labels by heart, tried in another process.

    Raises DesignError for a net that does not fit, LimitError where the server has no time or memory for it.
    """
    header = _Request(architecture=architecture, config=config, samples=len(y)).model_dump_json().encode()
    numbers = np.ascontiguousarray(x, np.float32).tobytes() + np.ascontiguousarray(y, np.int64).tobytes()
    answer = OVERFIT_PROCESS.run(len(header).to_bytes(LENGTH_BYTES, "big") + header + numbers)
    return OverfitResult.model_validate_json(answer)


def overfit(architecture: Architecture, config: TrainConfig, x: Tensor, y: Tensor) -> OverfitResult:
    """Trains a fresh net on one batch, again and again, until it knows it by heart.

    With the optimizer, the learning rate and the seed of the configuration, and without all that keeps a net from
    learning by heart: dropout, weight decay, label smoothing, augmentation and clipping.
    """
    torch.manual_seed(config.seed)
    model = build_model(architecture)
    model.train()
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd) or type(module).__name__ == "StochasticDepth":
            module.eval()
    criterion = build_criterion(architecture, config)
    optimizer = OPTIMIZERS[config.optimizer](model.parameters(), config.changed(weight_decay=0.0))
    losses: list[float] = []
    dead: tuple[str, ...] = ()
    accuracy, start = 0.0, time.monotonic()
    while True:
        optimizer.zero_grad()
        scores = model(x)
        loss = criterion(scores, y)
        losses.append(float(loss.detach()))
        accuracy = float((scores.detach().argmax(dim=1) == y).float().mean())
        seconds = time.monotonic() - start
        is_learned = accuracy == 1 and losses[-1] < LEARNED_LOSS
        if not math.isfinite(losses[-1]) or is_learned or len(losses) > MAX_STEPS or seconds > MAX_SECONDS:
            break
        loss.backward()
        if len(losses) == 1:
            dead = _layers_without_gradient(model, architecture)
        optimizer.step()
    return OverfitResult(
        verdict=_judge(losses, accuracy),
        losses=tuple(loss for loss in losses if math.isfinite(loss)),
        accuracy=accuracy,
        samples=len(y),
        twins=_count_twins(x, y),
        dead_layers=dead,
        seconds=seconds,
    )


def _judge(losses: list[float], accuracy: float) -> Verdict:
    if not math.isfinite(losses[-1]):
        return "diverged"
    if accuracy == 1 and losses[-1] < LEARNED_LOSS:
        return "learned"
    if losses[-1] > 2 * losses[0]:
        return "diverged"
    return "not learning" if min(losses) > FLAT_LOSS_RATIO * losses[0] else "too slow"


def _layers_without_gradient(model: nn.Module, architecture: Architecture) -> tuple[str, ...]:
    kinds = {path: layer.kind for path, layer in architecture.iter_layers()}
    return tuple(
        f"{layer_number(path)} {kinds[path]}"
        for path, module in iter_modules(model)
        if (parameters := list(module.parameters()))
        and not any(parameter.grad is not None and bool(parameter.grad.any()) for parameter in parameters)
    )


def _count_twins(x: Tensor, y: Tensor) -> int:
    flat = x.flatten(1)
    equal = (flat[:, None] == flat[None]).all(dim=2)
    return int((equal & (y[:, None] != y[None])).any(dim=1).sum())


ADVICE: dict[Verdict, tuple[str, ...]] = {
    "learned": (),
    "too slow": (
        "The loss falls, but not far enough. Try a higher learning rate or Adam first.",
        "If it gets stuck, the net may be too small: give it more channels or a wider Linear layer.",
        "Look at the shapes: pools that leave a single number per channel throw away what tells samples apart.",
    ),
    "not learning": (
        "The loss does not move. Is the learning rate far too low? The finder suggests one.",
        "Are the samples normalized? Unscaled values push units to where their activation is flat.",
        "Is the end right: raw scores for CrossEntropyLoss, LogSoftmax for NLLLoss, no ReLU after the last Linear?",
        "Do gradients reach the first layers? See Gradients above the curves of a run, and the Activations page.",
    ),
    "diverged": (
        "The loss explodes: the learning rate is too high. Divide it by 10, or let the finder suggest one.",
        "Look at the samples on the Data page: a value such as −36 among small ones needs a floor or a normalization.",
    ),
}
"""What to look at, by the verdict."""


def what_to_look_at(result: OverfitResult) -> list[str]:
    """Returns sentences about what may be broken, what was seen first; none where the net has learned the batch."""
    seen = []
    if result.verdict != "learned" and result.dead_layers:
        seen.append(
            f"No gradient at all reached {', '.join(result.dead_layers)} in the first step: what comes after is flat "
            "there, or dead."
        )
    if result.twins:
        seen.append(f"{result.twins} of the samples are equal to one of another class: nothing can tell them apart.")
    return [*seen, *ADVICE[result.verdict]]


def handle_request(request: bytes) -> bytes:
    """Returns the answer to a request of `overfit_batch`."""
    start, end = LENGTH_BYTES, LENGTH_BYTES + int.from_bytes(request[:LENGTH_BYTES], "big")
    header = _Request.model_validate_json(request[start:end])
    shape = (header.samples, *header.architecture.input_shape)
    count = math.prod(shape)
    x = np.frombuffer(request, np.float32, count, end).reshape(shape).copy()
    y = np.frombuffer(request, np.int64, header.samples, end + x.nbytes).copy()
    return (
        overfit(header.architecture, header.config, torch.from_numpy(x), torch.from_numpy(y)).model_dump_json().encode()
    )


def main() -> None:
    """Answers one request."""
    serve(handle_request, no_memory=NO_MEMORY)
