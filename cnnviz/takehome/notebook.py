"""A run as a Jupyter notebook: a summary, the charts, and the training script in cells."""

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import nbformat
import vl_convert
from pydantic import BaseModel

from cnnviz.table import to_markdown
from cnnviz.takehome.run_archive import RunArchive
from cnnviz.takehome.script import CELL_MARKER, SampleSource, to_script
from cnnviz.training.config import TrainConfig
from cnnviz.training.metrics import METRICS
from cnnviz.training.point import TEST, TRAIN, VALIDATION
from cnnviz.words import format_value

Cell = dict[str, Any]
Output = dict[str, Any]
"""A cell and an output in the JSON of nbformat 4."""
CHARTS_COMMENT = "# The charts of this run, as drawn by cnnviz. Running this cell removes them."


@dataclass(frozen=True)
class Section:
    """A section of the script."""

    title: str
    description: str
    """Comment at the beginning of the section, as Markdown."""
    code: str


def split_sections(script: str) -> tuple[Section, ...]:
    r"""Returns the sections of a script by `to_script`; the text above the first is left out.

    >>> split_sections("# %% Net\n# Small.\nnet = None\n\n\n# %% Test\nnet()\n")[0]
    Section(title='Net', description='Small.', code='net = None')
    """
    return tuple(map(_parse_section, re.split(f"^{CELL_MARKER}", script, flags=re.MULTILINE)[1:]))


def to_notebook(archive: RunArchive, *, data: SampleSource, charts: Mapping[str, str]) -> str:
    """Returns the notebook as JSON (nbformat 4), readable without being run; its code is that of `to_script`.

    `charts` are SVG files by title. They are stored as PNG too, because Jupyter shows no SVG in a notebook that it
    does not trust. Text written by a student is escaped. Raises ShapeError like `to_script`.
    """
    cells = [_markdown_cell("\n\n".join(_intro_paragraphs(archive)))]
    if charts:
        outputs = [output for title, svg in charts.items() for output in _chart_outputs(title, svg)]
        cells += [_markdown_cell("## Charts"), _code_cell(CHARTS_COMMENT, outputs)]
    cells.append(_markdown_cell("## The training\n\nThese cells train the net again and give the same curves."))
    for section in split_sections(
        to_script(archive.architecture, archive.config, data=data, stopped=archive.stopped_after)
    ):
        cells += [_markdown_cell(f"### {section.title}\n\n{section.description}".strip()), _code_cell(section.code)]
    notebook = {
        "cells": [{"id": f"cell-{number}"} | cell for number, cell in enumerate(cells, 1)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    nbformat.validate(notebook)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def escape_notebook_text(text: str) -> str:
    r"""Returns Markdown that shows a text literally, on one line: nothing in it becomes markup, a link or a formula.

    >>> escape_notebook_text("a *b*\n<i> $c$")
    'a &#42;b&#42; &#60;i&#62; <code>&#36;</code>c<code>&#36;</code>'
    """
    return re.sub(r"[^\w\s]|_", _as_entity, " ".join(text.split()))


def _as_entity(match: re.Match[str]) -> str:
    entity = f"&#{ord(match[0])};"
    return (
        f"<code>{entity}</code>" if match[0] in "$\\" else entity
    )  # Jupyter looks for formulas after decoding entities


def _parse_section(text: str) -> Section:
    title, *rest = text.strip().split("\n")
    first = next((index for index, line in enumerate(rest) if not line.startswith("#")), len(rest))
    description = "\n".join(line.removeprefix("#").strip() for line in rest[:first])
    return Section(title, description, "\n".join(rest[first:]).strip())


def _intro_paragraphs(archive: RunArchive) -> Iterator[str]:
    """Yields the Markdown blocks above the charts: title, facts, results, design and settings."""
    yield f"# {escape_notebook_text(archive.name)}"
    yield _markdown_table(("", ""), list(_fact_rows(archive)))
    yield "## Results"
    yield _results_table(archive)
    yield "## Design"
    yield to_markdown(archive.architecture)
    yield "## Settings"
    changed = list(_changed_settings(archive.config, TrainConfig()))
    yield (
        _markdown_table(("Setting", "This run", "Default"), changed)
        if changed
        else "All settings have their default values."
    )


def _fact_rows(archive: RunArchive) -> Iterator[tuple[str, str]]:
    yield "Data set", escape_notebook_text(archive.dataset or archive.config.dataset)
    if parts := archive.facts.parts:
        yield "Samples", "{:,} for training, {:,} for validation, {:,} for the test".format(*parts)
    yield "Started", datetime.fromtimestamp(archive.created, UTC).strftime("%Y-%m-%d %H:%M UTC")
    yield "Ended", ": ".join(filter(None, (archive.status, escape_notebook_text(archive.message))))
    yield (
        "Steps",
        f"{archive.steps:,} of the optimizer, in {archive.worked:,.0f} s on {escape_notebook_text(archive.device)}",
    )


def _results_table(archive: RunArchive) -> str:
    if not archive.best_epoch:
        return "The run ended before its first epoch was complete."
    shown_points = {(split, metric) for split in (TRAIN, VALIDATION, TEST) for metric in ("loss", *METRICS)}
    best_points = [point for point in archive.points if point.epoch == archive.best_epoch]
    values = {(point.split, point.metric): point.value for point in best_points if point[2:4] in shown_points}
    splits = [split for split in (TRAIN, VALIDATION, TEST) if (split, "loss") in values]
    rows = [
        (metric, *(f"{values[split, metric]:.4f}" if (split, metric) in values else "" for split in splits))
        for metric in ("loss", *METRICS)
    ]
    table = _markdown_table(("", *splits), rows)
    return f"The best epoch is {archive.best_epoch:,}; its weights were used for the test.\n\n{table}"


def _changed_settings(config: BaseModel, defaults: BaseModel, title_prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Yields title, value and default of every setting that differs from its default, nested settings included."""
    for name, field in type(config).model_fields.items():
        value, default = getattr(config, name), getattr(defaults, name)
        title = f"{title_prefix}{field.title or name}"
        if isinstance(value, BaseModel):
            yield from _changed_settings(value, default, f"{title}: ")
        elif value != default:
            yield title, escape_notebook_text(_text(value)), escape_notebook_text(_text(default))


def _text(value: object) -> str:
    return format_value(value) if isinstance(value, tuple) else str(value)


def _markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def _markdown_cell(text: str) -> Cell:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code_cell(text: str, outputs: Sequence[Output] = ()) -> Cell:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": list(outputs), "source": text}


def _chart_outputs(title: str, svg: str) -> Iterator[Output]:
    png = base64.b64encode(vl_convert.svg_to_png(svg, scale=1.5)).decode()
    for data in (
        {"text/markdown": f"**{escape_notebook_text(title)}**", "text/plain": title},
        {"image/svg+xml": svg, "image/png": png, "text/plain": title},
    ):
        yield {"output_type": "display_data", "data": data, "metadata": {}}
