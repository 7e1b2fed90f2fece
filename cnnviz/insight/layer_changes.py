"""What was changed from one net to another: the same change at several places is one change."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from pydantic import ValidationError

from cnnviz.architecture import Architecture, LayerPath
from cnnviz.errors import DesignError
from cnnviz.insight.alignment import Slot, changed_fields
from cnnviz.layers import Block, Layer, Linear, family
from cnnviz.layers.base import Stack
from cnnviz.layers.conv import ConvBase
from cnnviz.layers.window import collapse_equal, per_axis
from cnnviz.validation import describe_error

ADDED, REMOVED, MOVED, REPLACED, WIDTH, FIELD = "added", "removed", "moved", "replaced", "width", "field"
"""Kinds of changes, each the first part of a change's key."""
WIDTH_FIELDS = ("out_channels", "out_features")


@dataclass(frozen=True)
class LayerEdit:
    """Edit at one place of the alignment: some arguments of a layer, or, without names of any, the whole layer."""

    place: LayerPath
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class LayerChange:
    """One change at one place or, where it is the same at several, at all of them."""

    key: tuple[object, ...]
    """What is changed and how; changes with the same key are one."""
    slots: tuple[Slot, ...]
    """Where; of layers that came or went together, the first with weights alone."""
    edits: frozenset[LayerEdit]


def find_layer_changes(slots: Sequence[Slot]) -> tuple[LayerChange, ...]:
    """Returns the changes between two aligned nets, in the order of the first place of each."""
    changes = list(_changes_of_stack(slots))
    changes = _join_moved(changes)
    changes = _join_biases(changes)
    changes = _join_widths(changes)
    grouped: dict[tuple[object, ...], list[LayerChange]] = {}
    for change in changes:
        grouped.setdefault(change.key, []).append(change)
    return tuple(
        LayerChange(
            key,
            tuple(slot for change in same for slot in change.slots),
            frozenset().union(*(change.edits for change in same)),
        )
        for key, same in grouped.items()
    )


def apply_edits(before: Architecture, slots: Sequence[Slot], edits: Collection[LayerEdit]) -> Architecture:
    """Returns the earlier net with some of the edits that lead to the later one.

    Raises DesignError where the result is no net; whether its layers fit each other is not looked at.
    """
    try:
        return Architecture(input_shape=before.input_shape, layers=_edited_stack(slots, frozenset(edits)))
    except ValidationError as error:
        raise DesignError(describe_error(error)) from None


def kind_stem(kind: str) -> str:
    """Returns the name of a kind without its number of axes.

    >>> kind_stem("BatchNorm2d"), kind_stem("Linear")
    ('BatchNorm', 'Linear')
    """
    return re.sub(r"\dd$", "", kind)


def has_weights(layer: Layer) -> bool:
    """Returns whether a layer learns a map from its input: a convolution, a Linear layer, or a block."""
    return isinstance(layer, ConvBase | Linear | Block)


def _changes_of_stack(slots: Sequence[Slot]) -> Iterator[LayerChange]:
    for sign, run in groupby(slots, key=_sign):
        if sign in (ADDED, REMOVED):
            yield from _one_sided_changes(sign, list(run))
            continue
        for slot in run:
            yield from _changes_of_layer(slot)
            for stack in slot.stacks:
                yield from _changes_of_stack(stack)


def _sign(slot: Slot) -> str:
    return ADDED if slot.before is None else REMOVED if slot.after is None else ""


def _one_sided_changes(sign: str, run: Sequence[Slot]) -> Iterator[LayerChange]:
    """Yields the changes that added or removed these neighbours: a layer with weights takes its companions along."""
    layers = [layer_in(slot) for slot in run]
    starts = [index for index, layer in enumerate(layers) if has_weights(layer)]
    if not starts:
        for slot, layer in zip(run, layers, strict=True):
            yield LayerChange((sign, kind_stem(layer.kind)), (slot,), frozenset({LayerEdit(slot.place)}))
        return
    bounds = [0, *starts[1:], len(run)]
    for anchor, begin, end in zip(starts, bounds, bounds[1:], strict=False):
        kinds = tuple(layer.kind for layer in layers[begin:end])
        edits = frozenset(LayerEdit(slot.place) for slot in run[begin:end])
        yield LayerChange((sign, kinds), (run[anchor],), edits)


def layer_in(slot: Slot) -> Layer:
    """Returns the layer of a slot, the earlier one where there are two."""
    layer = slot.after if slot.before is None else slot.before
    assert layer is not None  # noqa: S101 (a slot has a layer)
    return layer


def _changes_of_layer(slot: Slot) -> Iterator[LayerChange]:
    """Yields the changes of a layer that both nets have."""
    before, after = slot.before, slot.after
    if before is None or after is None or before == after:
        return
    if before.kind != after.kind or (isinstance(before, Block) and not slot.stacks):
        key = (REPLACED, family(before.kind), kind_stem(after.kind))
        yield LayerChange(key, (slot,), frozenset({LayerEdit(slot.place)}))
        return
    names = changed_fields(before, after)
    for together in _fields_together(before, after, names):
        first = together[0]
        edits = frozenset({LayerEdit(slot.place, together)})
        if first in WIDTH_FIELDS:
            yield LayerChange((WIDTH, Fraction(getattr(after, first), getattr(before, first))), (slot,), edits)
        else:
            yield LayerChange((FIELD, _field_owner(after), first, str(getattr(after, first))), (slot,), edits)


def _field_owner(layer: Layer) -> str:
    """Returns of what an argument is one: of a family of kinds, whose arguments mean the same, or of a kind."""
    return family(layer.kind) if family(layer.kind) in ("conv", "pool", "dropout") else kind_stem(layer.kind)


def _fields_together(before: Layer, after: Layer, names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yields the names of arguments that follow from each other: a padding that goes on keeping the size, and groups.

    >>> from cnnviz.layers import Conv2d
    >>> small = Conv2d(out_channels=4, kernel_size=3, padding=1)
    >>> large = Conv2d(out_channels=4, kernel_size=5, padding=2)
    >>> list(_fields_together(small, large, ["kernel_size", "padding"]))
    [('kernel_size', 'padding')]
    """
    rest = list(names)
    while rest:
        together = [rest.pop(0)]
        if together == ["kernel_size"] and "padding" in rest and _keeps_size(before) and _keeps_size(after):
            together.append("padding")
        if together == ["out_channels"] and "groups" in rest:
            together.append("groups")
        rest = [name for name in rest if name not in together]
        yield tuple(together)


def _keeps_size(layer: Layer) -> bool:
    """Returns whether a window is padded by half of its size, as is usual to keep the size of a sample."""
    axes = getattr(layer, "axes", 1)
    padding = getattr(layer, "padding", 0)
    half = [size // 2 for size in per_axis(getattr(layer, "kernel_size", 1), axes)]
    return padding == "same" or padding == collapse_equal(half) or padding == tuple(half)


def _join_moved(changes: Iterable[LayerChange]) -> list[LayerChange]:
    """Joins a layer that was removed at one place and added at another."""
    result: list[LayerChange] = []
    for change in changes:
        opposite = {ADDED: REMOVED, REMOVED: ADDED}.get(str(change.key[0]))
        partner = next(
            (
                other
                for other in result
                if opposite
                and len(change.edits) == len(other.edits) == 1
                and other.key[0] == opposite
                and layer_in(other.slots[0]) == layer_in(change.slots[0])
            ),
            None,
        )
        if partner is None:
            result.append(change)
        else:
            key = (MOVED, kind_stem(layer_in(change.slots[0]).kind))
            slots = tuple(slot for slot in (*partner.slots, *change.slots) if slot.before is not None)
            result[result.index(partner)] = LayerChange(key, slots, partner.edits | change.edits)
    return result


def _join_biases(changes: Sequence[LayerChange]) -> list[LayerChange]:
    """Joins biases that a norm makes superfluous, or that come back without it, with the change of the norm."""
    result = list(changes)
    for sign, has_bias in ((ADDED, False), (REMOVED, True)):
        norm = next((change for change in result if change.key[0] == sign and _is_norm(change)), None)
        biases = [
            change
            for change in result
            if change.key[0] == FIELD and change.key[2:] == ("bias", str(has_bias)) and _follows_norm(change)
        ]
        if norm is not None and biases:
            edits = norm.edits.union(*(change.edits for change in biases))
            joined = LayerChange(norm.key, norm.slots, edits)
            result = [joined if change is norm else change for change in result if change not in biases]
    return result


def _is_norm(change: LayerChange) -> bool:
    return family(layer_in(change.slots[0]).kind) == "norm"


def _follows_norm(change: LayerChange) -> bool:
    return all(isinstance(slot.before, ConvBase | Linear) for slot in change.slots)


def _join_widths(changes: Sequence[LayerChange]) -> list[LayerChange]:
    """Gives changes of widths by one factor, rounded to whole filters and units, the same key."""
    widths = [change for change in changes if change.key[0] == WIDTH]
    sizes = [width_change(change.slots[0]) for change in widths]
    for change in widths:
        factor = change.key[1]
        assert isinstance(factor, Fraction)  # noqa: S101 (of every width)
        for nice in (factor.limit_denominator(16), factor):
            if nice and all(max(round(before * float(nice)), 1) == after for before, after in sizes):
                key = (WIDTH, nice)
                return [LayerChange(key, each.slots, each.edits) if each.key[0] == WIDTH else each for each in changes]
    return list(changes)


def width_change(slot: Slot) -> tuple[int, int]:
    """Returns the numbers of filters or units of a layer in the earlier and in the later net."""
    name = next(name for name in WIDTH_FIELDS if hasattr(slot.before, name))
    return int(getattr(slot.before, name)), int(getattr(slot.after, name))


def _edited_stack(slots: Sequence[Slot], edits: frozenset[LayerEdit]) -> Stack:
    layers = (_edited_layer(slot, edits) for slot in slots)
    return tuple(layer for layer in layers if layer is not None)


def _edited_layer(slot: Slot, edits: frozenset[LayerEdit]) -> Layer | None:
    if LayerEdit(slot.place) in edits:
        return slot.after
    if slot.before is None or slot.after is None:
        return slot.before
    names = {name for edit in edits if edit.place == slot.place for name in edit.fields}
    layer = slot.before.model_copy(update={name: getattr(slot.after, name) for name in names})
    return layer.with_stacks([_edited_stack(stack, edits) for stack in slot.stacks]) if slot.stacks else layer  # type: ignore[attr-defined]
