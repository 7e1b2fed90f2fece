"""Comparison of runs: their settings and layers in rows, with a column for each run."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from pydantic import BaseModel

from cnnviz.architecture import Architecture, trace
from cnnviz.shapes import format_shape
from cnnviz.table import table_rows
from cnnviz.training.config import TrainConfig
from cnnviz.words import format_value

MISSING = "—"
"""Text that stands for a layer that a net does not have."""

INPUT_ARGUMENTS = re.compile(r"(in_channels|in_features|num_features|num_channels)=\d+(, )?")
"""Arguments whose values follow from the input of a layer, with the comma after them."""


@dataclass(frozen=True)
class DifferenceRow:
    """Row of the comparison: a setting or layer, and its value in each run."""

    name: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether its value is not the same in all runs."""
        return len(set(self.values)) > 1


def settings_rows(configs: Sequence[TrainConfig], titles: Mapping[str, str]) -> list[DifferenceRow]:
    """Returns a row for every setting, in the order of the form; `titles` maps names of data sets to their titles."""
    columns = [_setting_texts(config, titles) for config in configs]
    return [DifferenceRow(name, tuple(texts[name] for texts in columns)) for name in (columns[0] if columns else {})]


def layer_rows(architectures: Sequence[Architecture]) -> list[DifferenceRow]:
    """Returns a row for the input and for every layer; layers that correspond to each other share a row.

    Each net is aligned with those before it by the kinds of its layers, so that an extra layer in one net does not
    shift the rows after it. All layers of a row are of one kind, which gives the row its name; the number in the name
    counts rows of that kind, not layers of a net.
    """
    if not architectures:
        return []
    slots: list[tuple[str, list[str]]] = []
    for column, architecture in enumerate(architectures):
        slots = _align_layers(slots, _layer_texts(architecture), column)
    inputs = DifferenceRow("Input", tuple(format_shape(architecture.input_shape) for architecture in architectures))
    counts: Counter[str] = Counter()
    result = [inputs]
    for kind, texts in slots:
        counts[kind] += 1
        result.append(DifferenceRow(f"{kind} {counts[kind]}", tuple(texts)))
    return result


def _setting_texts(config: TrainConfig, titles: Mapping[str, str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, info in TrainConfig.model_fields.items():
        value, title = getattr(config, name), info.title or name
        if isinstance(value, BaseModel):
            for inner, about in type(value).model_fields.items():
                texts[f"{title}: {(about.title or inner).lower()}"] = format_value(getattr(value, inner))
        else:
            texts[title] = titles.get(value, str(value)) if name == "dataset" else format_value(value)
    return texts


def _layer_texts(architecture: Architecture) -> list[tuple[str, str]]:
    """Returns kind and text of every layer; the layers of a block follow the block."""
    return [
        (f"{'· ' * row.depth}{row.kind}", f"{'· ' * row.depth}{row.kind}({_own_arguments(row.arguments)})")
        for row in table_rows(trace(architecture))
    ]


def _own_arguments(arguments: str) -> str:
    """Removes the arguments that follow from the layer before, since any difference is shown in that layer's row.

    >>> _own_arguments("in_channels=1, out_channels=10, kernel_size=(3, 3)")
    'out_channels=10, kernel_size=(3, 3)'
    """
    return INPUT_ARGUMENTS.sub("", arguments)


def _align_layers(
    slots: list[tuple[str, list[str]]], layers: list[tuple[str, str]], column: int
) -> list[tuple[str, list[str]]]:
    """Returns the slots with the layers of one more net as their last column."""
    matcher = SequenceMatcher(None, [kind for kind, _ in slots], [kind for kind, _ in layers], autojunk=False)
    result: list[tuple[str, list[str]]] = []
    for operation, first, last, begin, end in matcher.get_opcodes():
        old, new = slots[first:last], layers[begin:end]
        if operation == "equal":
            result += [(kind, [*texts, text]) for (kind, texts), (_, text) in zip(old, new, strict=True)]
        else:
            result += [(kind, [*texts, MISSING]) for kind, texts in old]
            result += [(kind, [*[MISSING] * column, text]) for kind, text in new]
    return result
