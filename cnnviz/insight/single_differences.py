"""The single differences between two trainings, in the words of the field.

Both are pure: a design and settings in, names out. The same change at several places of a net is one difference.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from cnnviz.architecture import Architecture, find_refusing_step, output_shape
from cnnviz.architecture.step import trace_shapes
from cnnviz.errors import CnnvizError
from cnnviz.insight.alignment import Slot, align_nets
from cnnviz.insight.change_labels import change_label
from cnnviz.insight.layer_changes import LayerEdit, apply_edits, find_layer_changes
from cnnviz.shapes import format_shape
from cnnviz.training.config import TrainConfig
from cnnviz.training.loss import build_criterion
from cnnviz.training.schedule import SCHEDULES
from cnnviz.words import count_label, format_value

CACHED_PAIRS = 4096
"""Pairs of nets whose differences are kept in memory."""
DATA_FIELDS, SEED_FIELD = ("dataset", "split_kind"), "seed"


class Aspect(StrEnum):
    """What a difference is about."""

    DATA = "data"
    NET = "net"
    SETTING = "setting"
    SEED = "seed"


@dataclass(frozen=True)
class Setup:
    """A net and the settings of its training: all that decides a run but its luck."""

    architecture: Architecture
    config: TrainConfig


@dataclass(frozen=True)
class Difference:
    """One thing in which a training differs from another one."""

    label: str
    """The difference in a few words, such as “learning rate 0.01 → 0.03”."""
    aspect: Aspect
    edits: frozenset[LayerEdit] = field(default=frozenset(), repr=False)
    """Edits of the net that make it, where it is one of the net."""
    setting: tuple[str, ...] = ()
    """Path of the setting, where it is one: its name, and in the augmentation a second one."""


def find_differences(before: Setup, after: Setup) -> tuple[Difference, ...]:
    """Returns the single differences of a training from an earlier one: data, net, settings, then the seed.

    A setting that has no effect, such as the momentum of Adam, makes no difference.

    >>> from cnnviz.presets import PRESETS
    >>> lab = PRESETS["lab-convnet"].architecture
    >>> before = Setup(lab, TrainConfig(learning_rate=0.01))
    >>> after = Setup(lab.update_layer(0, kernel_size=3), TrainConfig(learning_rate=0.03))
    >>> [difference.label for difference in find_differences(before, after)]
    ['kernel size 10 → 3 in layer 1', 'learning rate 0.01 → 0.03']
    """
    settings = list(_setting_differences(before, after))
    _, net = _net_differences(before.architecture, after.architecture)
    order = {Aspect.DATA: 0, Aspect.NET: 1, Aspect.SETTING: 2, Aspect.SEED: 3}
    return tuple(sorted((*net, *settings), key=lambda difference: order[difference.aspect]))


def apply_differences(before: Setup, after: Setup, chosen: Collection[Difference]) -> Setup | None:
    """Returns the earlier training with some of the differences that lead to the later one.

    None where that is no net, or one whose output has another shape.
    """
    slots, _ = _net_differences(before.architecture, after.architecture)
    edits = frozenset().union(*(difference.edits for difference in chosen))
    config = before.config
    try:
        architecture = apply_edits(before.architecture, slots, edits) if edits else before.architecture
        for difference in chosen:
            config = _copy_setting(config, after.config, difference.setting)
    except CnnvizError:
        return None
    if find_refusing_step(trace_shapes(architecture)) is not None:
        return None
    is_alike = output_shape(architecture) == output_shape(before.architecture)
    return Setup(architecture, config) if is_alike else None


def learns_the_same(before: Setup, after: Setup) -> bool:
    """Returns whether two trainings answer one question: their accuracies are of the same samples."""
    return all(getattr(before.config, name) == getattr(after.config, name) for name in DATA_FIELDS)


def without_seed(setup: Setup) -> Setup:
    """Returns the training with seed 0 and without settings that have no effect: equal for runs that differ in luck."""
    defaults = TrainConfig()
    idle = [name for name in TrainConfig.model_fields if not _has_effect(name, setup.config)]
    return Setup(setup.architecture, setup.config.changed(seed=0, **{name: getattr(defaults, name) for name in idle}))


@lru_cache(CACHED_PAIRS)
def _net_differences(before: Architecture, after: Architecture) -> tuple[tuple[Slot, ...], tuple[Difference, ...]]:
    slots = align_nets(before, after)
    shapes = [format_shape(net.input_shape) for net in (before, after)]
    inputs = (
        [Difference(f"input {shapes[0]} → {shapes[1]}", Aspect.DATA)] if before.input_shape != after.input_shape else []
    )
    changes = (
        Difference(change_label(change, before), Aspect.NET, change.edits) for change in find_layer_changes(slots)
    )
    return slots, (*inputs, *changes)


def _setting_differences(before: Setup, after: Setup) -> Iterator[Difference]:
    for name, info in TrainConfig.model_fields.items():
        old, new = getattr(before.config, name), getattr(after.config, name)
        title = str(info.title or name)
        if old == new or not (_has_effect(name, before.config) and _has_effect(name, after.config)):
            continue
        if name == SEED_FIELD:
            yield Difference("another seed", Aspect.SEED, setting=(name,))
        elif name in DATA_FIELDS:
            yield Difference(f"{title.lower()} {old} → {new}", Aspect.DATA, setting=(name,))
        elif name == "augmentation":
            for inner, about in type(old).model_fields.items():
                values = getattr(old, inner), getattr(new, inner)
                if values[0] != values[1]:
                    yield Difference(_value_label(str(about.title), *values), Aspect.SETTING, setting=(name, inner))
        elif name != "loss" or _criterion(before) != _criterion(after):
            yield Difference(_value_label(title, old, new), Aspect.SETTING, setting=(name,))


def _value_label(title: str, old: object, new: object) -> str:
    """Returns what a setting was and is.

    >>> _value_label("Nesterov", False, True), _value_label("Batch size", 64, 32)
    ('+Nesterov', 'batch size 64 → 32')
    >>> _value_label("Left out", (3, 17), (3, 20, 21))
    'left out +2 samples, −1 sample'
    """
    if isinstance(new, bool):
        return f"{'+' if new else '−'}{title}"
    if isinstance(old, tuple) and isinstance(new, tuple):
        changed = (("+", len({*new} - {*old})), ("−", len({*old} - {*new})))
        return f"{title.lower()} " + ", ".join(
            f"{sign}{count_label(count, 'sample')}" for sign, count in changed if count
        )
    return f"{title[0].lower()}{title[1:]} {format_value(old)} → {format_value(new)}"


def _has_effect(name: str, config: TrainConfig) -> bool:
    """Returns whether a setting plays a part beside the others: the form on the Train page hides it where not."""
    match name:
        case "momentum":
            return config.optimizer in ("SGD", "RMSprop")
        case "nesterov":
            return config.optimizer == "SGD" and config.momentum > 0
        case "step_size" | "gamma":
            return config.schedule == "step"
        case "warmup":
            return not SCHEDULES[config.schedule].has_warmup
        case _:
            return True


def _criterion(setup: Setup) -> str:
    return type(build_criterion(setup.architecture, setup.config)).__name__


def _copy_setting(config: TrainConfig, source: TrainConfig, path: tuple[str, ...]) -> TrainConfig:
    """Returns settings with one of another configuration; raises TrainingError where they do not go together."""
    if not path:
        return config
    name, *inner = path
    if inner:
        return config.with_augmentation(**{inner[0]: getattr(getattr(source, name), inner[0])})
    change = {name: getattr(source, name)}
    for other in TrainConfig.model_fields:  # what takes effect with it
        if other not in change and not _has_effect(other, config) and _has_effect(other, config.changed(**change)):
            change[other] = getattr(source, other)
    return config.changed(**change)
