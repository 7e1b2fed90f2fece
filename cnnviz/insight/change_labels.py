"""Names of changes to a net, in the words of the field."""

from collections.abc import Callable, Sequence
from fractions import Fraction

from cnnviz.architecture import Architecture, layer_number
from cnnviz.insight.alignment import Slot
from cnnviz.insight.layer_changes import (
    ADDED,
    FIELD,
    MOVED,
    REMOVED,
    REPLACED,
    WIDTH,
    LayerChange,
    has_weights,
    kind_stem,
    layer_in,
    width_change,
)
from cnnviz.layers import Layer, family
from cnnviz.layers.conv import ConvBase
from cnnviz.search.variant import OUTPUTS
from cnnviz.words import format_value

FIELD_NAMES = {
    ("conv", "kernel_size"): "kernel size",
    ("pool", "kernel_size"): "pool size",
    ("dropout", "p"): "dropout",
    ("out_channels",): "filters",
    ("out_features",): "units",
}
"""What arguments are called; any other has its own name, after the kind of its layer where that is none of these."""
PLURAL_PLACES = {"conv": "in each convolution", "pool": "in each pool", "dropout": "", "activation": ""}
"""Where a change is that is the same in all layers of a family."""
MAX_NUMBERS = 4
"""Layers that are named by their numbers."""


def change_label(change: LayerChange, before: Architecture) -> str:
    """Returns a change to this net in a few words: “+BatchNorm after each convolution”, “dropout 0.2 → 0.4”."""
    label, place = _LABELS[str(change.key[0])](change, before)
    return f"{label} {place}".rstrip()


def _one_sided_label(change: LayerChange, before: Architecture) -> tuple[str, str]:
    sign = "+" if change.key[0] == ADDED else "−"
    slots = change.slots
    layers = [layer_in(slot) for slot in slots]
    if isinstance(change.key[1], tuple):  # a layer with weights, and what came with it
        count = f"{len(slots)} × " if len(slots) > 1 else ""
        companions = [kind_stem(kind) for kind in change.key[1] if kind != layers[0].kind]
        others = f" with {_listing(list(dict.fromkeys(companions)))}" if companions else ""
        return f"{sign}{count}{layers[0].kind}{others}", _numbers_text(slots, "after" if sign == "+" else "at")
    kinds = list(dict.fromkeys(layer.kind for layer in layers))
    name = kinds[0] if len(kinds) == 1 and family(kinds[0]) != "norm" else str(change.key[1])
    amounts = list(dict.fromkeys(format_value(getattr(layer, "p", None)) for layer in layers))
    if family(kinds[0]) == "dropout" and len(amounts) == 1:
        name += f" {amounts[0]}"
    if sign == "−":
        family_of_all = [number for number, layer in _numbered(before) if kind_stem(layer.kind) == change.key[1]]
        is_all = len(slots) == len(family_of_all)
        return f"{sign}{name}", "" if is_all else _numbers_text(slots, "at")
    return f"{sign}{name}", _after_text(slots, before)


def _after_text(slots: Sequence[Slot], before: Architecture) -> str:
    """Returns behind which layers of the earlier net something was added."""
    numbers = {slot.number for slot in slots}
    weighted = [(number, layer) for number, layer in _numbered(before) if has_weights(layer)]
    convolutions = {number for number, layer in weighted if isinstance(layer, ConvBase)}
    if len(numbers) > 1 and numbers == convolutions:
        return "after each convolution"
    if len(numbers) > 1 and numbers == {number for number, _ in weighted[:-1]}:
        return "after each layer with weights but the last"
    return _numbers_text(slots, "after")


def _moved_label(change: LayerChange, before: Architecture) -> tuple[str, str]:
    return f"{change.key[1]} moved", _numbers_text(change.slots, "from")


def _replaced_label(change: LayerChange, before: Architecture) -> tuple[str, str]:
    old = list(dict.fromkeys(kind_stem(slot.before.kind) for slot in change.slots if slot.before))
    new = [slot.after for slot in change.slots if slot.after]
    first = change.slots[0].before
    kinds = [str(change.key[2])]
    if old == kinds and first:  # one kind, for another number of axes
        old, kinds = [first.kind], [new[0].kind]
    name = old[0] if len(old) == 1 else str(change.key[1])
    is_all = _is_all(
        change.slots, before, lambda layer: family(layer.kind) == change.key[1] and layer.kind not in OUTPUTS
    )
    place = "" if is_all else _numbers_text(change.slots, "in")
    return f"{name} → {kinds[0]}", place


def _width_label(change: LayerChange, before: Architecture) -> tuple[str, str]:
    if len(change.slots) == 1:
        (slot,) = change.slots
        old, new = width_change(slot)
        return f"{'filters' if isinstance(slot.before, ConvBase) else 'units'} {old} → {new}", _numbers_text(
            change.slots, "in"
        )
    factor = change.key[1]
    assert isinstance(factor, Fraction)  # noqa: S101 (of every width)
    numbers = [
        number for number, layer in _numbered(before) if isinstance(layer, ConvBase) or hasattr(layer, "out_features")
    ]
    is_all = {slot.number for slot in change.slots} == set(numbers[:-1])
    return f"width × {float(factor):.3g}", "" if is_all else _numbers_text(change.slots, "in")


def _field_label(change: LayerChange, before: Architecture) -> tuple[str, str]:
    _, owner, field, _ = change.key
    first = change.slots[0]
    name = FIELD_NAMES.get((owner, field)) or _plain_name(str(owner), str(field))  # type: ignore[arg-type]
    values = [(getattr(slot.before, str(field)), getattr(slot.after, str(field))) for slot in change.slots]
    old, new = list(dict.fromkeys(_size_text(value) for value, _ in values)), _size_text(values[0][1])
    text = f"{name} {old[0]} → {new}" if len(old) == 1 else f"{name} → {new}"
    kind_family = family(first.before.kind) if first.before else ""

    def is_of_kind(layer: Layer) -> bool:
        return family(layer.kind) == kind_family if owner == kind_family else kind_stem(layer.kind) == owner

    count = sum(is_of_kind(layer) for _, layer in _numbered(before))
    if _is_all(change.slots, before, is_of_kind) and (count > 1 or owner == "dropout"):
        return text, PLURAL_PLACES.get(kind_family, "in each of them")
    return text, _numbers_text(change.slots, "in")


def _plain_name(owner: str, field: str) -> str:
    plain = field.replace("_", " ")
    return plain if owner in ("conv", "pool") else f"{owner} {plain}"


def _size_text(value: object) -> str:
    return " × ".join(map(str, value)) if isinstance(value, tuple) else format_value(value)


def _is_all(slots: Sequence[Slot], before: Architecture, belongs: Callable[[Layer], bool]) -> bool:
    return {slot.number for slot in slots} == {number for number, layer in _numbered(before) if belongs(layer)}


def _numbered(architecture: Architecture) -> list[tuple[str, Layer]]:
    return [(layer_number(path), layer) for path, layer in architecture.iter_layers()]


def _numbers_text(slots: Sequence[Slot], preposition: str) -> str:
    """Returns where something is, by the numbers of layers in the earlier net."""
    numbers = list(dict.fromkeys(slot.number for slot in slots))
    if numbers == [""]:
        return "at the beginning"
    named = [number or "0" for number in numbers]
    if len(named) == 1:
        return f"{preposition} layer {named[0]}"
    if len(named) > MAX_NUMBERS:
        return f"{preposition} {len(named)} layers"
    return f"{preposition} layers {_listing(named)}"


def _listing(names: Sequence[str]) -> str:
    """Joins names as a sentence does.

    >>> _listing(["1", "4", "7"])
    '1, 4 and 7'
    """
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last


_LABELS: dict[str, Callable[[LayerChange, Architecture], tuple[str, str]]] = {
    ADDED: _one_sided_label,
    REMOVED: _one_sided_label,
    MOVED: _moved_label,
    REPLACED: _replaced_label,
    WIDTH: _width_label,
    FIELD: _field_label,
}
"""What and where, for each kind of change."""
