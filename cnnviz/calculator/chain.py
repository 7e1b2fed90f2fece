"""The chain: the receptive field growing layer by layer, with the arithmetic of every step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from cnnviz.architecture import Architecture, Step, number, trace
from cnnviz.layers import Layer
from cnnviz.layers.base import Reaches
from cnnviz.shapes import AXES, AdaptiveWindow, AxisRule, Reach, Shape, TransposedWindow, Window

SOURCE = "https://doi.org/10.23915/distill.00021"
"""Araujo, Norris & Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019."""


@dataclass(frozen=True)
class Link:
    """One layer of the chain: what a position behind it reads of the net's input, and how that comes about.

    `places` are the positions along each axis. `fields` is what one of them reads, (first sample, samples) along each
    axis: behind the last layer the one in the middle, before that the one in the middle of what the next layer reads,
    so that each field lies in the next. None where axes were merged so that no window is left.
    """

    number: str
    kind: str
    window: str
    shape: Shape
    reach: Reaches
    lines: tuple[str, ...]
    places: tuple[int, ...]
    fields: tuple[tuple[float, int], ...] | None = None


def chain(architecture: Architecture) -> tuple[Link, ...]:
    """The links of a net, up to the first layer that refuses; none for samples without axes behind the channels.

    Along each axis, with e the samples a window spans and s its stride:

        r_out = r_in + (e − 1) · jump_in        jump_out = jump_in · s

    Source: Araujo, Norris & Sim, "Computing Receptive Fields of Convolutional Neural Networks" (Distill 2019).

    >>> from cnnviz.presets import PRESETS
    >>> [link.lines[0] for link in chain(PRESETS["lab-convnet"].architecture)[:2]]
    ['r = 1 + (10 − 1)·1 = 10, jump = 1·1 = 1', 'r = 10 + (4 − 1)·1 = 13, jump = 1·4 = 4']
    """
    net = architecture.input_shape
    if len(net) < 2:
        return ()
    links = list(_links(trace(architecture), (Reach(),) * (len(net) - 1), net))
    centres = [(size - 1) / 2 for size in net[1:]]
    for index in reversed(range(len(links))):
        reaches, places = links[index].reach, links[index].places
        if reaches is None:
            continue
        fields = tuple(map(_field, reaches, places, centres))
        links[index] = replace(links[index], fields=fields)
        if all(reach.jump for reach in reaches):
            centres = [first + (samples - 1) / 2 for first, samples in fields]
    return tuple(links)


def _links(steps: Sequence[Step], before: Reaches, net: Shape) -> Iterator[Link]:
    places = net[1:]
    for step in steps:
        if step.output_shape is None:
            return
        for stack in step.stacks:
            yield from _links(stack, before, net)
        if len(step.output_shape) == len(net):
            places = step.output_shape[1:]
        yield Link(
            number(step.path),
            step.layer.kind,
            _window(step.layer, step.input_shape),
            step.output_shape,
            step.reach,
            _lines(step, before, net),
            places,
        )
        before = step.reach


def _field(reach: Reach, places: int, centre: float) -> tuple[float, int]:
    """What the position nearest to a sample reads, of as many as there are."""
    if not reach.jump:
        return float(reach.start), reach.size
    nearest = round((centre - float(reach.start) - (reach.size - 1) / 2) / float(reach.jump))
    return float(reach.start + min(max(nearest, 0), places - 1) * reach.jump), reach.size


def _window(layer: Layer, shape: Shape) -> str:
    """The parameters that change the field, as one short text."""
    told = []
    for letter, name in (("k", "kernel_size"), ("s", "stride"), ("p", "padding"), ("d", "dilation")):
        value = getattr(layer, name, None)
        if name == "stride" and value is None and hasattr(layer, "stride"):
            value = layer.kernel_size  # type: ignore[attr-defined]
        usual = {"stride": 1, "padding": 0, "dilation": 1}.get(name)
        if value is not None and value != usual:
            told.append(f"{letter} {' × '.join(map(str, value)) if isinstance(value, tuple) else value}")
    return ", ".join(told)


def _lines(step: Step, before: Reaches, net: Shape) -> tuple[str, ...]:
    """How the field comes about, a line per axis, or one where all axes are alike."""
    if step.reach is None:
        return ("axes were merged: there is no window on the input any more",)
    if step.stacks:
        return ("from the first to the last sample that its stacks read",)
    if before == step.reach:
        return ("unchanged",)
    rules = step.layer.rules(step.input_shape)
    if before is None or not rules:
        return ("every output reads the whole input",)
    sizes = step.input_shape[1:]
    texts = [_text(rule, old, new, size) for rule, old, new, size in zip(rules, before, step.reach, sizes, strict=True)]
    return (texts[0],) if len(set(texts)) == 1 else tuple(map(": ".join, zip(AXES[len(net)][1:], texts, strict=True)))


def _text(rule: AxisRule, old: Reach, new: Reach, size: int) -> str:
    if isinstance(rule, Window):
        grown = f"{old.size} + {_whole(f'({rule.extent} − 1)', old.jump)}"
        return f"r = {grown} = {new.size}, jump = {old.jump}·{rule.stride} = {new.jump}"
    if isinstance(rule, TransposedWindow):
        grown = f"{old.size} + {_whole(f'⌊({rule.extent} − 1) / {rule.stride}⌋', old.jump)}"
        return f"r = {grown} = {new.size}, jump = {old.jump} / {rule.stride} = {new.jump}"
    if isinstance(rule, AdaptiveWindow):
        return f"r = {new.size}, jump = {old.jump}·{size} / {rule.output_size} = {new.jump}"
    raise TypeError(rule)


def _whole(samples: str, jump: int | Fraction) -> str:
    """So many samples, each a jump apart; a sample of which a part is reached counts."""
    product = f"{samples}·{jump}"
    return product if Fraction(jump).denominator == 1 else f"⌈{product}⌉"
