"""Changes to try on a run, each of exactly one thing, but for what is recommended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from cnnviz.architecture import Architecture, find_refusing_step, output_shape
from cnnviz.architecture.step import trace_shapes
from cnnviz.errors import CnnvizError
from cnnviz.insight.single_differences import Difference, Setup, find_differences
from cnnviz.layers import Layer, family
from cnnviz.layers.conv import Conv
from cnnviz.layers.window import collapse_equal, per_axis
from cnnviz.search.variant import BATCH_NORM, NO_NORMALIZATION, Choices, build_variant, conv_groups

RATE_FACTORS = (3.0, 1 / 3)
MAX_EPOCHS = 1000
CACHED_SETUPS = 256
"""Trainings whose suggestions are kept in memory."""


@dataclass(frozen=True)
class SuggestedChange:
    """A change to try, and the net and settings with it changed."""

    differences: tuple[Difference, ...]
    """What is changed: one thing, unless advice or a verdict recommends several together."""
    setup: Setup
    is_recommended: bool = False
    """Whether the advice on the net or a verdict on the run recommends it."""

    @property
    def difference(self) -> Difference:
        """The first thing that is changed."""
        return self.differences[0]

    @property
    def label(self) -> str:
        """What is changed, in a few words."""
        return " and ".join(difference.label for difference in self.differences)


@lru_cache(CACHED_SETUPS)
def suggest_changes(setup: Setup, recommended: tuple[Setup, ...] = ()) -> tuple[SuggestedChange, ...]:
    """Returns changes to a net or its settings, all different: the recommended ones, then others of exactly one thing.

    `recommended` are trainings that advice and verdicts recommend: whatever they suggest is offered here, too.
    """
    changes: dict[str, SuggestedChange] = {}
    for changed in recommended:
        if differences := find_differences(setup, changed):
            change = SuggestedChange(differences, changed, is_recommended=True)
            changes.setdefault(change.label, change)
    for changed in (*_changed_nets(setup), *_changed_settings(setup)):
        differences = find_differences(setup, changed)
        if len(differences) == 1:
            changes.setdefault(differences[0].label, SuggestedChange(differences, changed))
    return tuple(changes.values())


def change_both(net: SuggestedChange | None, setting: SuggestedChange | None, start: Setup) -> Setup:
    """Returns a training with a change to its net, one to its settings, or both."""
    return Setup((net.setup if net else start).architecture, (setting.setup if setting else start).config)


def add_convolution(architecture: Architecture) -> Architecture | None:
    """Returns the net with one more convolution behind the last, which keeps channels and sizes; None without one.

    The norm and the activation that follow the last one follow the new one, too.
    """
    groups = conv_groups(architecture)
    if not groups:
        return None
    last, *companions = groups[-1]
    if not isinstance(last, Conv):
        return None
    sizes = [min(size - 1 + size % 2, 3) for size in per_axis(last.kernel_size, last.axes)]
    plain = {"kernel_size": collapse_equal(sizes), "padding": "same", "stride": 1, "dilation": 1, "groups": 1}
    added: list[Layer] = [last.model_copy(update=plain)]
    added += [layer for layer in companions if family(layer.kind) in ("norm", "activation")]
    begin = next(index for index, layer in enumerate(architecture.layers) if isinstance(layer, Conv))
    end = begin + sum(map(len, groups))
    for place, layer in enumerate(added, end):
        architecture = architecture.insert_layer(place, layer)
    return architecture


def _changed_nets(setup: Setup) -> Iterator[Setup]:
    net = setup.architecture
    shape = output_shape(net)
    kinds = [layer for _, layer in net.iter_layers()]
    choices = [Choices(normalization=BATCH_NORM)] if setup.config.batch_size > 1 else []
    choices.append(Choices(normalization=NO_NORMALIZATION))
    amounts = {float(getattr(layer, "p", 0)) for layer in kinds if family(layer.kind) == "dropout"}
    steps = [round(max(amounts) + step, 2) for step in (0.2, -0.1)] if amounts else [0.2, 0.4]
    choices += [Choices(dropout=amount) for amount in (*steps, 0.0) if 0 <= amount <= 0.7]
    choices += [Choices(kernel_size=size) for size in (3, 5)]
    choices += [Choices(activation=kind) for kind in ("ReLU", "GELU")]
    choices += [Choices(width=width) for width in (2.0, 0.5)]
    convolutions = len(conv_groups(net))
    if convolutions > 1:
        choices.append(Choices(depth=convolutions - 1))
    nets = [build_variant(net, choice) for choice in choices]
    try:
        deeper = add_convolution(net)
    except CnnvizError:  # it has as many layers as a net may have
        deeper = None
    if deeper is not None:
        nets.insert(1, deeper)
    for changed in nets:
        if find_refusing_step(trace_shapes(changed)) is None and output_shape(changed) == shape:
            yield Setup(changed, setup.config)


def _changed_settings(setup: Setup) -> Iterator[Setup]:
    config = setup.config
    changes: list[dict[str, object]] = [
        {"learning_rate": float(f"{config.learning_rate * factor:.1g}")} for factor in RATE_FACTORS
    ]
    changes += [{"batch_size": size} for size in (config.batch_size // 2, 2 * config.batch_size)]
    changes += [{"optimizer": name} for name in ("SGD", "Adam") if name != config.optimizer]
    changes += [{"schedule": name} for name in ("one-cycle", "constant") if name != config.schedule]
    changes.append({"weight_decay": 1e-3 if config.weight_decay == 0 else 0.0})
    changes.append({"epochs": min(2 * config.epochs, MAX_EPOCHS)})
    for change in changes:
        try:
            yield Setup(setup.architecture, config.changed(**change))
        except CnnvizError:  # out of bounds
            continue
