"""A run as a Jupyter notebook: what it was, its charts, and its training script in cells."""

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
from cnnviz.takehome.parcel import Parcel
from cnnviz.takehome.script import CELL, Source, to_script
from cnnviz.training.config import TrainConfig
from cnnviz.training.metrics import METRICS
from cnnviz.training.point import TEST, TRAIN, VALIDATION

Cell = dict[str, Any]
Output = dict[str, Any]
"""Both as nbformat 4 has them."""
CHARTS = "# The charts of this run, as cnnviz drew them. Running this cell takes them away."


@dataclass(frozen=True)
class Section:
    """A section of the script."""

    title: str
    story: str
    """The comment that it begins with, as Markdown."""
    code: str


def sections(script: str) -> tuple[Section, ...]:
    r"""The sections of a script of `to_script`; what stands above the first is left out.

    >>> sections("# %% Net\n# Small.\nnet = None\n\n\n# %% Test\nnet()\n")[0]
    Section(title='Net', story='Small.', code='net = None')
    """
    return tuple(map(_section, re.split(f"^{CELL}", script, flags=re.MULTILINE)[1:]))


def to_notebook(parcel: Parcel, *, data: Source, charts: Mapping[str, str]) -> str:
    """The notebook as JSON (nbformat 4), to be read without running it; its code is that of `to_script`.

    `charts` are SVG files by their titles. They are kept as PNG, too: Jupyter shows no SVG of a notebook that it does
    not trust. What a student wrote stays text. Raises ShapeError as `to_script`.
    """
    cells = [_markdown("\n\n".join(_told(parcel)))]
    if charts:
        outputs = [output for title, svg in charts.items() for output in _chart(title, svg)]
        cells += [_markdown("## Charts"), _code(CHARTS, outputs)]
    cells.append(_markdown("## The training\n\nThese cells train the net anew, and give the same curve."))
    for section in sections(to_script(parcel.architecture, parcel.config, data=data, stopped=parcel.stopped)):
        cells += [_markdown(f"### {section.title}\n\n{section.story}".strip()), _code(section.code)]
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


def as_text(text: str) -> str:
    r"""Text as Markdown that shows it as it is, in one line: nothing in it is markup, a link or a formula.

    >>> as_text("a *b*\n<i> $c$")
    'a &#42;b&#42; &#60;i&#62; <code>&#36;</code>c<code>&#36;</code>'
    """
    return re.sub(r"[^\w\s]|_", _as_entity, " ".join(text.split()))


def _as_entity(found: re.Match[str]) -> str:
    entity = f"&#{ord(found[0])};"
    return f"<code>{entity}</code>" if found[0] in "$\\" else entity  # formulas are sought after the entities are read


def _section(text: str) -> Section:
    title, *rest = text.strip().split("\n")
    first = next((place for place, line in enumerate(rest) if not line.startswith("#")), len(rest))
    story = "\n".join(line.removeprefix("#").strip() for line in rest[:first])
    return Section(title, story, "\n".join(rest[first:]).strip())


def _told(parcel: Parcel) -> Iterator[str]:
    """What is to be read above the charts, in paragraphs."""
    yield f"# {as_text(parcel.name)}"
    yield _table(("", ""), list(_facts(parcel)))
    yield "## Results"
    yield _results(parcel)
    yield "## Design"
    yield to_markdown(parcel.architecture)
    yield "## Settings"
    changed = list(_changed(parcel.config, TrainConfig()))
    yield _table(("Setting", "Here", "By default"), changed) if changed else "All are as they are by default."


def _facts(parcel: Parcel) -> Iterator[tuple[str, str]]:
    yield "Data set", as_text(parcel.dataset or parcel.config.dataset)
    if parts := parcel.facts.get("parts"):
        yield "Samples", "{:,} for training, {:,} for validation, {:,} for the test".format(*parts)
    yield "Begun", datetime.fromtimestamp(parcel.created, UTC).strftime("%Y-%m-%d %H:%M UTC")
    yield "Ended", ": ".join(filter(None, (parcel.status, as_text(parcel.message))))
    yield "Steps", f"{parcel.steps:,} of the optimizer, in {parcel.worked:,.0f} s on {as_text(parcel.device)}"


def _results(parcel: Parcel) -> str:
    if not parcel.best_epoch:
        return "It ended before its first epoch did."
    wanted = {(split, metric) for split in (TRAIN, VALIDATION, TEST) for metric in ("loss", *METRICS)}
    of_best = [point for point in parcel.points if point.epoch == parcel.best_epoch]
    values = {(point.split, point.metric): point.value for point in of_best if point[2:4] in wanted}
    splits = [split for split in (TRAIN, VALIDATION, TEST) if (split, "loss") in values]
    rows = [
        (metric, *(f"{values[split, metric]:.4f}" if (split, metric) in values else "" for split in splits))
        for metric in ("loss", *METRICS)
    ]
    return (
        f"The best epoch is {parcel.best_epoch:,}; the test was made with its weights.\n\n{_table(('', *splits), rows)}"
    )


def _changed(config: BaseModel, usual: BaseModel, before: str = "") -> Iterator[tuple[str, str, str]]:
    """The settings that are not as usual, those inside others included: title, value and usual value."""
    for name, field in type(config).model_fields.items():
        here, there = getattr(config, name), getattr(usual, name)
        title = f"{before}{field.title or name}"
        if isinstance(here, BaseModel):
            yield from _changed(here, there, f"{title}: ")
        elif here != there:
            yield title, as_text(str(here)), as_text(str(there))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    every = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in every)


def _markdown(text: str) -> Cell:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(text: str, outputs: Sequence[Output] = ()) -> Cell:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": list(outputs), "source": text}


def _chart(title: str, svg: str) -> Iterator[Output]:
    png = base64.b64encode(vl_convert.svg_to_png(svg, scale=1.5)).decode()
    for data in (
        {"text/markdown": f"**{as_text(title)}**", "text/plain": title},
        {"image/svg+xml": svg, "image/png": png, "text/plain": title},
    ):
        yield {"output_type": "display_data", "data": data, "metadata": {}}
