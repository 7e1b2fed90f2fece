"""The same stack of Linear layers with and without ReLU, trained on two spirals.

`train_spirals` asks a process of its own, which trains both for about a second; `train` is what that process does.
"""

import math
from itertools import pairwise
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from cnnviz.processes.one_shot import OneShotProcess, serve
from cnnviz.seeding import seeded
from cnnviz.validation import FrozenModel

POINTS = 120
"""Points of each spiral."""
TURNS = 1.5
REACH = 1.1
"""The map of the answers reaches from −REACH to REACH along both axes."""
MAP_SIZE = 61
"""Answers along each axis of the map."""
STEPS, LEARNING_RATE = 300, 0.02
NO_MEMORY = "The server has no memory free for this experiment. Try again in a minute."
SPIRALS_PROCESS = OneShotProcess(
    module="cnnviz.experiments.spirals",
    task="Training on the spirals",
    busy="Many are training on the spirals just now.",
    timeout_advice="Try again when fewer nets are training.",
    no_memory=NO_MEMORY,
    timeout_seconds=30,
)


class SpiralsQuestion(FrozenModel):
    """The stack of Linear layers, and the seed of its weights and of the noise of the points."""

    hidden_layers: Annotated[int, Field(ge=1, le=5)] = 3
    width: Annotated[int, Field(ge=2, le=32)] = 16
    noise: Annotated[float, Field(ge=0, le=0.2)] = 0.02
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class TrainedStack(FrozenModel):
    """What came of one training."""

    probabilities: tuple[tuple[float, ...], ...]
    """Probability of the second spiral on the map: rows from bottom to top, values from left to right."""
    losses: tuple[float, ...]
    """Loss of every step."""
    accuracy: float


class SpiralsAnswer(FrozenModel):
    """Both trainings, and the points that they learned: (x, y) of each, and the number of its spiral."""

    points: tuple[tuple[float, float], ...]
    labels: tuple[int, ...]
    without_relu: TrainedStack
    with_relu: TrainedStack


def train_spirals(question: SpiralsQuestion) -> SpiralsAnswer:
    """Returns what both stacks have learned, trained in a process of its own; the same question has the same answer.

    Raises LimitError where the server has no time or memory for it.
    """
    return SpiralsAnswer.model_validate_json(SPIRALS_PROCESS.run(question.model_dump_json().encode()))


def train(question: SpiralsQuestion) -> SpiralsAnswer:
    """Trains both stacks from the same weights with Adam, each step on all points."""
    x, y = two_spirals(question)
    plain, bent = (_train_stack(question, x, y, relu=relu) for relu in (False, True))
    points = tuple((float(first), float(second)) for first, second in x.tolist())
    return SpiralsAnswer(points=points, labels=tuple(y.tolist()), without_relu=plain, with_relu=bent)


def two_spirals(question: SpiralsQuestion) -> tuple[Tensor, Tensor]:
    """Returns points (N, 2) of two spirals that wind around each other, and the number of the spiral of each."""
    generator = torch.Generator().manual_seed(question.seed)
    share = torch.linspace(0.05, 1, POINTS)
    angle = share * TURNS * 2 * math.pi
    first = torch.stack((share * angle.cos(), share * angle.sin()), dim=1)
    points = torch.cat((first, -first))
    noise = question.noise * torch.randn(points.shape, generator=generator)
    return points + noise, torch.arange(2).repeat_interleave(POINTS)


def build_stack(question: SpiralsQuestion, *, relu: bool) -> nn.Sequential:
    """Returns the stack with torch's own start of the weights, the same with and without ReLU."""
    sizes = [2, *[question.width] * question.hidden_layers, 2]
    layers: list[nn.Module] = []
    with seeded(question.seed):
        for number, (in_features, out_features) in enumerate(pairwise(sizes)):
            if relu and number:
                layers.append(nn.ReLU())
            layers.append(nn.Linear(in_features, out_features))
    return nn.Sequential(*layers)


def _train_stack(question: SpiralsQuestion, x: Tensor, y: Tensor, *, relu: bool) -> TrainedStack:
    model = build_stack(question, relu=relu)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    axis = torch.from_numpy(np.linspace(-REACH, REACH, MAP_SIZE, dtype=np.float32))
    rows, columns = torch.meshgrid(axis, axis, indexing="ij")
    with torch.no_grad():
        accuracy = float((model(x).argmax(dim=1) == y).float().mean())
        scores = model(torch.stack((columns, rows), dim=-1))
    chances = scores.softmax(dim=-1)[..., 1]
    return TrainedStack(probabilities=tuple(map(tuple, chances.tolist())), losses=tuple(losses), accuracy=accuracy)


def main() -> None:
    """Answers one question on standard input."""
    serve(
        lambda request: train(SpiralsQuestion.model_validate_json(request)).model_dump_json().encode(),
        no_memory=NO_MEMORY,
    )
