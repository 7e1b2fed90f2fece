"""What a teacher would say of a run, from its numbers, and what to try next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cnnviz.architecture import Architecture
from cnnviz.insight.story import Story
from cnnviz.search.variant import BATCH_NORM, Choices, variant
from cnnviz.training.config import TrainConfig
from cnnviz.words import as_share

ENOUGH = 3
"""Epochs before which nothing can be said."""
RISES, JUMPS = 0.10, 0.3
"""A loss that rises by more than the first share in more than the second share of all epochs jumps up and down."""
USUAL, FAST, SLOW = 1e-3, 3e-2, 2e-4
"""Update over weights as it usually is, far above it and far below it (see the Gradients view)."""
FURTHEST = 4
"""Powers of ten by which a learning rate is changed at most."""
FAN = 1e-2
"""A gradient below this share of the net's largest vanishes, where the net has not learned its task."""
WORSE, RISE, LEARNS = 1.15, 0.1, 0.85
"""Over-fitting: validation loss above this factor of its lowest, by so much, while training fell below the last one."""
LOST = 0.2
"""Training accuracy that is lost again only where steps are too large."""
BLOWN = 20.0
"""A training loss that is blown up: guessing among a thousand classes costs 6.9."""
CLOSE, POOR, AS_LONG = 0.07, 0.9, 3
"""Under-fitting: training accuracy no further than the first above validation, and below the second, as a share of the
goal, even with the gain of the last third of the epochs so many times again."""
GAINS, FALLS = 0.01, 0.05
"""Validation accuracy, or share of the loss, that the last quarter of the epochs brought to a run still improving."""
MOST_EPOCHS = 1000


@dataclass(frozen=True)
class Change:
    """Another run to try: what is changed in a few words, and its net and settings."""

    label: str
    architecture: Architecture
    config: TrainConfig


@dataclass(frozen=True)
class Finding:
    """Something that the numbers say of a run: in words, with what to try."""

    title: str
    text: str
    attempt: str = ""
    changes: tuple[Change, ...] = ()
    good: bool = False


@dataclass(frozen=True)
class Rule:
    """What finds something in a story, and the names of the rules that have nothing to say then."""

    find: Callable[[Story], Finding | None]
    silences: frozenset[str] = frozenset()


def verdict(story: Story) -> tuple[Finding, ...]:
    """Everything that stands out, the weightiest first; never empty."""
    diverged = _diverged(story)
    if diverged:
        return (diverged,)
    if story.epochs < ENOUGH:
        return (Finding("Too early to say", f"After {ENOUGH} epochs there is something to be read off the curves."),)
    found: list[Finding] = []
    silent: set[str] = set()
    for name, rule in VERDICTS.items():
        if name not in silent and (finding := rule.find(story)):
            found.append(finding)
            silent |= rule.silences
    return tuple(found) or (_nothing(story),)


def reached(story: Story) -> Finding | None:
    """The goal was reached on validation."""
    there = np.flatnonzero(story.accuracy[: story.epochs] >= story.goal)
    if not len(there):
        return None
    return Finding(
        f"It reached the goal of {as_share(story.goal)}",
        f"Validation accuracy first passed it in epoch {there[0] + 1}; its best is {story.accuracy.max():.3f}, in epoch"
        f" {story.best}.",
        "Can a net with fewer parameters do the same? The Runs page draws accuracy over what it costs.",
        good=True,
    )


def too_high(story: Story) -> Finding | None:
    """The loss jumps up and down, or the steps are huge."""
    loss = story.train_loss[: story.epochs]
    rises = float(np.mean(loss[1:] > (1 + RISES) * loss[:-1]))
    late = story.late(story.updates)
    largest = max(late, key=lambda name: late[name], default=None)
    huge = largest is not None and late[largest] > FAST
    stuck = _hopeless(story)
    blown = int(loss.argmax())
    known = story.train_accuracy[: story.epochs]
    lost = float(known.max() - known[-1])
    dead = next((name for name, value in story.late(story.gradients).items() if value == 0), None) if stuck else None
    if not (rises > JUMPS or loss[blown] > BLOWN or lost >= LOST or dead or (huge and stuck)):
        return None
    rose = f"in {rises * (len(loss) - 1):.0f} of {len(loss)} epochs"
    told = [f"the training loss rose by more than {RISES:.0%} {rose}"] if rises > JUMPS else []
    if loss[blown] > BLOWN:
        told.append(f"the training loss was {loss[blown]:.3g} in epoch {blown + 1}")
    if lost >= LOST:
        told.append(f"training accuracy fell from {known.max():.3f} to {known[-1]:.3f}: what was learned was lost")
    if dead:
        told.append(f"no gradient reaches {story.layer(dead)} any more: too large a step has switched its units off")
    if huge and largest:
        told.append(f"one step moves the weights of {story.layer(largest)} by {late[largest]:.1%}, 0.1 % is usual")
    text = "; ".join(told)
    return Finding(
        "The learning rate is too high",
        f"{text[0].upper()}{text[1:]}.",
        "A lower one, or one that falls: one-cycle or cosine. The learning-rate finder shows where it breaks.",
        _with_rate(story, min(_to_usual(late[largest]), 0.1) if huge and largest else 0.1),
    )


def vanishing(story: Story) -> Finding | None:
    """The gradient of a layer is orders of magnitude below that of others."""
    late = {name: value for name, value in story.typical(story.gradients).items() if value > 0}
    if len(late) < 2 or story.train_accuracy[story.epochs - 1] >= story.goal:
        return None
    strongest = max(late, key=lambda name: late[name])
    faint = [name for name, value in late.items() if value < FAN * late[strongest]]
    if not faint:
        return None
    layer = faint[0]
    others = f" So do {len(faint) - 1} more." if len(faint) > 1 else ""
    return Finding(
        f"Gradients vanish in {story.layer(layer)}",
        f"Its gradient has a norm of {late[layer]:.1e}, that of {story.layer(strongest)} {late[strongest]:.1e}:"
        f" {late[strongest] / late[layer]:,.0f} times as much. It hardly learns.{others}",
        "ReLU in the place of sigmoid and tanh, BatchNorm behind layers with weights, or Residual blocks around them.",
        _edited(
            story,
            ("ReLU everywhere", Choices(activation="ReLU")),
            ("BatchNorm behind every layer with weights", Choices(normalization=BATCH_NORM)),
        ),
    )


def overfitting(story: Story) -> Finding | None:
    """Validation gets worse while training gets better."""
    count = story.epochs
    loss, train = story.loss[:count], story.train_loss[:count]
    lowest = int(loss.argmin())
    end = float(np.median(loss[-2:]))
    if (
        lowest >= count - 2
        or end <= max(WORSE * loss[lowest], loss[lowest] + RISE)
        or train[-1] >= LEARNS * train[lowest]
    ):
        return None
    gap = float(story.train_accuracy[count - 1] - story.accuracy[count - 1])
    present = [float(getattr(layer, "p", 0)) for _, layer in story.architecture.every() if "Dropout" in layer.kind]
    more = (("Dropout of 0.4", Choices(dropout=0.4)),) if max(present, default=0) < 0.4 else ()
    changes = _edited(story, *more, ("Half as wide", Choices(width=0.5)))
    decay = max(10 * story.config.weight_decay, 1e-3)
    if decay <= 0.1:
        settings = story.config.changed("weight_decay", decay)
        changes = (*changes, Change(f"Weight decay {decay:g}", story.architecture, settings))
    return Finding(
        f"It over-fits since epoch {lowest + 1}",
        f"Validation loss was lowest there ({loss[lowest]:.3f}) and is {end:.3f} at the end, while the training loss"
        f" fell from {train[lowest]:.3f} to {train[-1]:.3f}. Training accuracy is {gap:+.3f} from validation: it learns"
        " its samples by heart.",
        "More dropout, weight decay, augmentation (on the Data page), or a smaller net; more data help most.",
        changes,
    )


def underfitting(story: Story) -> Finding | None:
    """Even the training samples are not learned, and it does not get better."""
    count = story.epochs
    train, gap = story.train_accuracy[count - 1], story.train_accuracy[count - 1] - story.accuracy[count - 1]
    gained = _gained(story.train_accuracy, count)
    if not _hopeless(story) or gap > CLOSE:
        return None
    return Finding(
        "It under-fits",
        f"Even on its own training samples it is right in {train:.1%} only, {gained:+.3f} in the last third of the"
        f" epochs; validation is {story.accuracy[count - 1]:.1%}. The net is too small for the task, or too held back.",
        "A wider or deeper net, less dropout, normalized samples, or another learning rate.",
        (
            *_edited(
                story,
                ("Twice as wide", Choices(width=2.0)),
                ("BatchNorm behind every layer with weights", Choices(normalization=BATCH_NORM)),
            ),
            *_with_rate(story, 3.0),
        ),
    )


def too_low(story: Story) -> Finding | None:
    """It still learns, in tiny steps."""
    late = story.late(story.updates)
    count = story.epochs
    falling = story.train_loss[count - 1] < 1.02 * story.train_loss[0]  # in steps so small it may hardly move
    step = float(np.median(list(late.values()))) if late else 1.0
    if step > SLOW or not falling or story.train_accuracy[count - 1] >= story.goal:
        return None
    return Finding(
        "The learning rate is too low",
        f"A step moves the weights of a layer by {step:.1e} of their norm; about 1e-3 is usual. In {count} epochs the"
        f" training loss came from {story.train_loss[0]:.3f} to {story.train_loss[count - 1]:.3f}.",
        "A higher one; the learning-rate finder shows how far it can go.",
        _with_rate(story, max(_to_usual(step), 10.0)),
    )


def improving(story: Story) -> Finding | None:
    """The last epochs brought something yet."""
    count = story.epochs
    accuracy, loss = story.accuracy[:count], story.loss[:count]
    quarter = max(count // 4, 1)
    gained = float(accuracy[-quarter:].max() - accuracy[:-quarter].max())
    fell = 1 - float(loss[-quarter:].min()) / max(float(loss[:-quarter].min()), 1e-9)
    better = gained >= GAINS and story.best >= count - count // 10
    lower = fell >= FALLS and accuracy.max() < story.goal
    if not story.over or not (better or lower):
        return None
    more = min(2 * story.config.epochs, MOST_EPOCHS)
    longer = story.config.changed("epochs", more)
    last = f"last {quarter} of {count} epochs" if quarter > 1 else "last epoch"
    return Finding(
        "It was still improving",
        f"The {last} brought {max(gained, 0):+.3f} of validation accuracy and took"
        f" {max(fell, 0):.0%} from the validation loss.",
        "Train it longer: further from where it is (on the Train page), or anew, so that its schedule fits.",
        (Change(f"Train it for {more} epochs", story.architecture, longer),) if more > story.config.epochs else (),
    )


_OTHERS = frozenset({"under-fitting", "too-low", "improving"})
VERDICTS: dict[str, Rule] = {
    "reached": Rule(reached),
    "too-high": Rule(too_high, _OTHERS),
    "vanishing": Rule(vanishing, _OTHERS),
    "over-fitting": Rule(overfitting, _OTHERS),
    "too-low": Rule(too_low, _OTHERS),
    "under-fitting": Rule(underfitting, _OTHERS),
    "improving": Rule(improving),
}
"""Everything that can be said of a run, by name, in the order in which it is told."""


def _diverged(story: Story) -> Finding | None:
    if "diverged" not in story.message:
        return None
    return Finding("The learning rate is too high", story.message, changes=_with_rate(story, 0.1))


def _nothing(story: Story) -> Finding:
    last = float(story.accuracy[story.epochs - 1])
    return Finding(
        "Nothing stands out",
        f"No fault shows in the curves: validation accuracy is {last:.3f} at the end and {story.accuracy.max():.3f} at"
        " best.",
        "Another architecture leads further from here: compare a deeper and a wider one on the Runs page, or search.",
    )


def _hopeless(story: Story) -> bool:
    """Whether the training samples would not be learned by going on like this, either."""
    train = float(story.train_accuracy[story.epochs - 1])
    return train + AS_LONG * max(_gained(story.train_accuracy, story.epochs), 0) < POOR * story.goal


def _gained(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], count: int) -> float:
    """What the last third of the epochs has added to the best before."""
    third = max(count // 3, 1)
    return float(values[count - third : count].max() - values[: count - third].max())


def _to_usual(step: float) -> float:
    """The power of ten that brings a step, relative to the weights, nearest to the usual one; within bounds.

    >>> _to_usual(0.9), _to_usual(2e-5), _to_usual(0.0)
    (0.001, 100.0, 10000.0)
    """
    power = round(np.log10(USUAL / step)) if step > 0 else FURTHEST
    return float(10.0 ** min(max(power, -FURTHEST), FURTHEST))


def _with_rate(story: Story, factor: float) -> tuple[Change, ...]:
    """The same with another learning rate, as far as there can be one."""
    rate = float(f"{story.config.learning_rate * factor:.2g}")
    if not 1e-8 <= rate <= 10:
        return ()
    return (Change(f"Learning rate {rate:g}", story.architecture, story.config.changed("learning_rate", rate)),)


def _edited(story: Story, *edits: tuple[str, Choices]) -> tuple[Change, ...]:
    """The same with other nets; an edit that changes nothing is none."""
    able = (edit for edit in edits if edit[1].normalization is None or story.config.batch_size > 1)  # needs a variance
    made = ((label, variant(story.architecture, choices)) for label, choices in able)
    return tuple(Change(label, design, story.config) for label, design in made if design != story.architecture)
