"""What to try against over-fitting, in the order that suits the net: what it does not have yet comes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnnviz.data.augmentation import Augmentation, AugmentationAxes
from cnnviz.insight.run_summary import RunSummary
from cnnviz.insight.verdict import SuggestedRun, change_architecture, change_settings
from cnnviz.layers import family
from cnnviz.search.variant import Choices
from cnnviz.table import parameter_count

FEW_PARAMETERS, MANY_PARAMETERS = 5, 100
"""Parameters for each training sample below which a net is small, so that a smaller one is not suggested, and above
which a smaller one comes before dropout: no well-known net had many more (see `advice.cost`)."""
STRONG_DROPOUT, WEAK_DROPOUT = 0.4, 0.2
"""Probability above which more dropout is not suggested, and up to which more of it comes as early as a first one."""
STRONG_DECAY, FIRST_DECAY = 0.1, 1e-3
"""Largest weight decay that is suggested, and the one for a run without any."""
SHIFT_SHARE = 1 / 16
"""Suggested shift of samples, as a share of the axis."""


@dataclass(frozen=True)
class Remedy:
    """One thing to try: what it is called in a sentence, when its turn is, and the runs that try it."""

    name: str
    turn: int
    """Remedies with a smaller number come first; those with the same one keep their order."""
    runs: tuple[SuggestedRun, ...] = ()


def order_remedies(run: RunSummary) -> tuple[str, tuple[SuggestedRun, ...]]:
    """Returns what to try against over-fitting as a text, and as runs in the same order."""
    candidates = (_augmentation(run), _smaller_net(run), _dropout(run), _weight_decay(run))
    remedies = sorted((remedy for remedy in candidates if remedy), key=lambda remedy: remedy.turn)
    sentences = [f"In this order: {', '.join(remedy.name for remedy in remedies)}."] if remedies else []
    sentences.append("More data helps most.")
    if present := _present_remedies(run):
        sentences.append(f"There is {_listing(present)} already.")
    if _is_small(run):
        each = _parameters_per_sample(run)
        sentences.append(
            f"With {each:.2g} parameters for each training sample, the net is small: a smaller one would hardly help."
        )
    return " ".join(sentences), tuple(suggested for remedy in remedies for suggested in remedy.runs)


def _augmentation(run: RunSummary) -> Remedy | None:
    """Returns samples that are moved about, in time or as pictures, where it is known how they can be."""
    shape, axes = run.architecture.input_shape, AugmentationAxes(run.axes, len(run.architecture.input_shape))
    augmentation = run.config.augmentation
    if run.axes and axes.time_axis is not None and not augmentation.time_shift:
        steps = max(round(SHIFT_SHARE * shape[axes.time_axis - 1]), 1)
        label, change = f"Time shift of {steps}", {"time_shift": steps}
    elif run.axes and axes.picture_axes and not augmentation.shift:
        pixels = max(round(SHIFT_SHARE * min(shape[axis - 1] for axis in axes.picture_axes)), 1)
        label, change = f"Shift of {pixels}", {"shift": pixels}
    elif augmentation != Augmentation():
        return Remedy("stronger augmentation (on the Data page)", 4)
    else:
        return Remedy("augmentation (on the Data page)", 1)
    runs = change_settings(run, label, augmentation=augmentation.changed(**change))
    return Remedy(f"augmentation (a {label[0].lower()}{label[1:]})", 1, runs)


def _smaller_net(run: RunSummary) -> Remedy | None:
    if _is_small(run):
        return None
    each = _parameters_per_sample(run)
    known = "" if each is None else f" ({each:,.0f} parameters for each training sample)"
    runs = change_architecture(run, ("Half as wide", Choices(width=0.5)))
    return Remedy(f"a smaller net{known}", 2 if each is not None and each > MANY_PARAMETERS else 5, runs)


def _dropout(run: RunSummary) -> Remedy | None:
    present = _strongest_dropout(run)
    if present >= STRONG_DROPOUT:
        return None
    runs = change_architecture(run, (f"Dropout of {STRONG_DROPOUT:g}", Choices(dropout=STRONG_DROPOUT)))
    return Remedy("more dropout" if present else "dropout", 2 if present <= WEAK_DROPOUT else 4, runs)


def _weight_decay(run: RunSummary) -> Remedy | None:
    present = run.config.weight_decay
    decay = max(10 * present, FIRST_DECAY)
    if decay > STRONG_DECAY:
        return None
    runs = change_settings(run, f"Weight decay {decay:g}", weight_decay=decay)
    return Remedy("more weight decay" if present else "weight decay", 4 if present else 3, runs)


def _present_remedies(run: RunSummary) -> list[str]:
    """Returns what the run has against over-fitting, as a sentence lists it."""
    dropout, decay = _strongest_dropout(run), run.config.weight_decay
    return [
        *(["augmentation"] if run.config.augmentation != Augmentation() else []),
        *([f"dropout of {dropout:g}"] if dropout else []),
        *([f"weight decay of {decay:g}"] if decay else []),
    ]


def _strongest_dropout(run: RunSummary) -> float:
    layers = (layer for _, layer in run.architecture.iter_layers() if family(layer.kind) == "dropout")
    return max((float(getattr(layer, "p", 0)) for layer in layers), default=0.0)


def _parameters_per_sample(run: RunSummary) -> float | None:
    """Returns the parameters for each training sample; None where the number of samples is unknown."""
    samples = run.part_sizes[0] if run.part_sizes else 0
    return parameter_count(run.architecture) / samples if samples else None


def _is_small(run: RunSummary) -> bool:
    each = _parameters_per_sample(run)
    return each is not None and each < FEW_PARAMETERS


def _listing(names: Sequence[str]) -> str:
    """Joins names as a sentence does.

    >>> _listing(["augmentation", "dropout of 0.2", "weight decay of 0.001"])
    'augmentation, dropout of 0.2 and weight decay of 0.001'
    """
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last
