"""The receptive field as it grows layer by layer, with the arithmetic of every step."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

import numpy as np

from cnnviz.architecture import Architecture, Step, layer_number, trace
from cnnviz.layers import Layer
from cnnviz.layers.base import ReceptiveFields, all_or_none
from cnnviz.receptive_field import ReceptiveField
from cnnviz.shapes import AXES, Shape
from cnnviz.windows import AdaptiveWindow, AxisRule, TransposedWindow, Window

SOURCE_URL = "https://doi.org/10.23915/distill.00021"
"""Araujo, Norris & Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019."""


@dataclass(frozen=True)
class ReceptiveFieldRow:
    """One layer of a net: which part of the net's input one of its outputs reads, and why.

    `spans` is what one of them reads, (first sample, samples)
    along each axis: after the last layer it is the output in the middle, before that the one in the middle of what the
    next layer reads, so that each span lies within the next. None where that is unknown, or where it reads nothing.
    """

    number: str
    kind: str
    window_text: str
    shape: Shape
    receptive_field: ReceptiveFields
    explanation: tuple[str, ...]
    spans: tuple[tuple[int, int], ...] | None = None


@lru_cache(maxsize=32)
def receptive_field_rows(architecture: Architecture) -> tuple[ReceptiveFieldRow, ...]:
    """Returns a row for every layer before the first one that does not fit; none for samples with channels only.

    Along each axis, with e the samples a window spans and s its stride:

        r_out = r_in + (e − 1) · jump_in        jump_out = jump_in · s

    Source: Araujo, Norris & Sim, "Computing Receptive Fields of Convolutional Neural Networks" (Distill 2019).

    >>> from cnnviz.presets import PRESETS
    >>> [row.explanation[0] for row in receptive_field_rows(PRESETS["lab-convnet"].architecture)[:2]]
    ['r = 1 + (10 − 1)·1 = 10, jump = 1·1 = 1', 'r = 10 + (4 − 1)·1 = 13, jump = 1·4 = 4']
    """
    net = architecture.input_shape
    if len(net) < 2:
        return ()
    rows = list(_rows(trace(architecture), all_or_none(map(ReceptiveField.of_input, net[1:])), net))
    centres = [(size - 1) / 2 for size in net[1:]]
    for index in reversed(range(len(rows))):
        spans = _spans_nearest(rows[index].receptive_field or (), centres)
        if spans:
            rows[index] = replace(rows[index], spans=spans)
            centres = [first + (samples - 1) / 2 for first, samples in spans]
    return tuple(rows)


def _rows(steps: Sequence[Step], before: ReceptiveFields, net: Shape) -> Iterator[ReceptiveFieldRow]:
    for step in steps:
        if step.output_shape is None:
            return
        for stack in step.stacks:
            yield from _rows(stack, before, net)
        yield ReceptiveFieldRow(
            layer_number(step.path),
            step.layer.kind,
            _window_text(step.layer, step.input_shape),
            step.output_shape,
            step.receptive_field,
            _growth_lines(step, before, net),
        )
        before = step.receptive_field


def _spans_nearest(fields: Sequence[ReceptiveField], centres: Sequence[float]) -> tuple[tuple[int, int], ...] | None:
    """Returns what the position reads that reads nearest to the centres, (first sample, samples) along each axis."""
    spans = []
    for field, centre in zip(fields, centres, strict=False):
        samples = field.reads.sizes
        if not samples.any():
            return None
        middles = field.reads.firsts + (samples - 1) / 2
        nearest = int(np.argmin(np.where(samples > 0, np.abs(middles - centre), np.inf)))
        spans.append((int(field.reads.firsts[nearest]), int(samples[nearest])))
    return tuple(spans) or None


def _window_text(layer: Layer, shape: Shape) -> str:
    """Returns the parameters that change the receptive field as a short text."""
    parts = []
    for letter, name in (("k", "kernel_size"), ("s", "stride"), ("p", "padding"), ("d", "dilation")):
        value = getattr(layer, name, None)
        if name == "stride" and value is None and hasattr(layer, "stride"):
            value = layer.kernel_size  # type: ignore[attr-defined]
        default = {"stride": 1, "padding": 0, "dilation": 1}.get(name)
        if value is not None and value != default:
            parts.append(f"{letter} {' × '.join(map(str, value)) if isinstance(value, tuple) else value}")
    return ", ".join(parts)


def _growth_lines(step: Step, before: ReceptiveFields, net: Shape) -> tuple[str, ...]:
    """Explains how the field grows, with a line per axis, or a single line if all axes are alike."""
    if step.receptive_field is None:
        return ("axes were merged, or are too long: which part of the input an output reads is not worked out",)
    if step.stacks:
        return ("from the first to the last sample that its stacks read",)
    if before == step.receptive_field:
        return ("unchanged",)
    rules = step.layer.axis_rules(step.input_shape)
    if before is None or not rules:
        whole = all(field.is_whole_axis for field in step.receptive_field)
        return ("every output reads the whole input" if whole else "every output reads all that is read before it",)
    sizes = step.input_shape[1:]
    texts = [
        _growth_line(rule, old, new, size)
        for rule, old, new, size in zip(rules, before, step.receptive_field, sizes, strict=True)
    ]
    return (texts[0],) if len(set(texts)) == 1 else tuple(map(": ".join, zip(AXES[len(net)][1:], texts, strict=True)))


def _growth_line(rule: AxisRule, old: ReceptiveField, new: ReceptiveField, size: int) -> str:
    if isinstance(rule, AdaptiveWindow):
        return f"r = {new.size}, jump = {old.jump}·{size} / {rule.output_size} = {new.jump}"
    if isinstance(rule, Window):
        others, text, jump = rule.extent - 1, f"({rule.extent} − 1)", f"{old.jump}·{rule.stride}"
    elif isinstance(rule, TransposedWindow):
        others, text = (rule.extent - 1) // rule.stride, f"⌊({rule.extent} − 1) / {rule.stride}⌋"
        jump = f"{old.jump} / {rule.stride}"
    else:
        return f"r = {new.size}, jump = {new.jump}"
    jump = f"jump = {jump} = {new.jump}"
    if old.size + math.ceil(others * old.jump) != new.size:  # positions stand in groups, or write side by side
        return f"r = {new.size}, what the output reads that reads most, {jump}"
    return f"r = {old.size} + {_ceil_text(text, old.jump)} = {new.size}, {jump}"


def _ceil_text(samples: str, jump: int | Fraction) -> str:
    """Writes the product of samples and jump; rounded up if it is not whole, as a sample reached in part counts."""
    product = f"{samples}·{jump}"
    return product if Fraction(jump).denominator == 1 else f"⌈{product}⌉"
