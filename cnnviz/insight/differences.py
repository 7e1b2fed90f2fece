"""Comparison of runs: their settings and layers in rows, with a column for each run."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from cnnviz.architecture import Architecture, trace
from cnnviz.insight.alignment import corresponding_layers
from cnnviz.shapes import format_shape
from cnnviz.table import TableRow, table_rows
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

    Each net is aligned with the one before it as for the names of single differences, so that both mean the same layer
    by a new one. All layers of a row are of one kind, which gives the row its name; the number in the name counts rows
    of that kind, not layers of a net.
    """
    if not architectures:
        return []
    rows: list[_LayerRow] = []
    previous: tuple[Architecture, list[_LayerRow]] | None = None
    for column, architecture in enumerate(architectures):
        previous = architecture, _add_net(rows, previous, architecture, column)
    inputs = DifferenceRow("Input", tuple(format_shape(architecture.input_shape) for architecture in architectures))
    counts: Counter[str] = Counter()
    result = [inputs]
    for row in rows:
        counts[row.name] += 1
        texts = tuple(row.texts.get(column, MISSING) for column in range(len(architectures)))
        result.append(DifferenceRow(f"{row.name} {counts[row.name]}", texts))
    return result


@dataclass(eq=False)
class _LayerRow:
    """Row of layers that correspond to each other, while nets are added."""

    kind: str
    depth: int
    texts: dict[int, str]
    """Text of the layer by the number of its net."""

    @property
    def name(self) -> str:
        """The kind, indented by the blocks around it."""
        return f"{'· ' * self.depth}{self.kind}"


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


def _add_net(
    rows: list[_LayerRow],
    previous: tuple[Architecture, list[_LayerRow]] | None,
    architecture: Architecture,
    column: int,
) -> list[_LayerRow]:
    """Adds a net to the rows, as their column of that number; returns the row of each of its layers.

    `previous` are the net in the column before and the rows of its layers. A layer that it does not have goes to the
    row of an earlier net's, if there is one at this place.
    """
    layers = table_rows(trace(architecture))
    pairs = (
        corresponding_layers(previous[0], architecture) if previous else [(None, place) for place in range(len(layers))]
    )
    result: list[_LayerRow] = []
    place = 0
    for left, right in pairs:
        row = previous[1][left] if previous and left is not None else None
        if row is not None:
            place = rows.index(row) + 1
        if right is None:
            continue
        layer = layers[right]
        if row is None or row.kind != layer.kind:
            row = _vacant_row(rows[place:], layer, column)
            if row is None:
                row = _LayerRow(layer.kind, layer.depth, {})
                rows.insert(place, row)
            place = rows.index(row) + 1
        row.texts[column] = f"{row.name}({_own_arguments(layer.arguments)})"
        result.append(row)
    return result


def _vacant_row(rows: Sequence[_LayerRow], layer: TableRow, column: int) -> _LayerRow | None:
    """Returns the first row of that kind before the next layer of the net in the column before; None without one."""
    for row in rows:
        if column - 1 in row.texts or column in row.texts or row.depth < layer.depth:
            return None
        if (row.kind, row.depth) == (layer.kind, layer.depth):
            return row
    return None


def _own_arguments(arguments: str) -> str:
    """Removes the arguments that follow from the layer before, since any difference is shown in that layer's row.

    >>> _own_arguments("in_channels=1, out_channels=10, kernel_size=(3, 3)")
    'out_channels=10, kernel_size=(3, 3)'
    """
    return INPUT_ARGUMENTS.sub("", arguments)
