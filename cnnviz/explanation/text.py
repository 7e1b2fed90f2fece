"""A live module's table as text and as Markdown."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

from cnnviz.explanation.cells import COLUMNS, RIGHT_ALIGNED_COLUMNS, input_cells, remarks, row_cells, total_cells
from cnnviz.explanation.rows import ExplainedRow
from cnnviz.explanation.totals import ExplainedTotals
from cnnviz.shapes import Shape
from cnnviz.table import escape_cell
from cnnviz.words import is_invisible

TEXT_COLUMNS = tuple(column for column in COLUMNS if column != "Arguments")
"""The arguments stand in the formula already, and a line is short."""
MAX_CELL = 46
"""Largest number of characters in a line of a cell of the text."""


def to_text(title: str, input_shapes: Sequence[Shape], rows: Sequence[ExplainedRow], totals: ExplainedTotals) -> str:
    """Returns the table for a terminal, a formula with several axes on several lines."""
    lines = [
        dict(zip(COLUMNS, COLUMNS, strict=True)),
        input_cells(input_shapes),
        *map(row_cells, rows),
        total_cells(rows, totals),
    ]
    cells = [[_printable(line[column]).split("\n") for column in TEXT_COLUMNS] for line in lines]
    cells = [[[_cut(part) for part in cell] for cell in line] for line in cells]
    widths = [max(_width(part) for line in cells for part in line[place]) for place in range(len(TEXT_COLUMNS))]
    rule = "─" * (sum(widths) + 2 * len(widths) - 2)
    head, first, *body, last = ([*_padded(line, widths)] for line in cells)
    text = [title, rule, *head, rule, *first]
    for row, drawn in zip(rows, body, strict=True):
        text += [*drawn, *(f"   {_printable(line)}" for line in _below(row))]
    return "\n".join([*text, rule, *last, *remarks(totals)])


def to_markdown(
    title: str, input_shapes: Sequence[Shape], rows: Sequence[ExplainedRow], totals: ExplainedTotals
) -> str:
    """Returns the table as GitHub-flavoured Markdown, with what is to be said under it."""
    lines = [
        list(COLUMNS),
        ["---:" if column in RIGHT_ALIGNED_COLUMNS else "---" for column in COLUMNS],
        [_markdown_cell(cell) for cell in input_cells(input_shapes).values()],
        *(_markdown_row(row) for row in rows),
        [cell and f"**{_markdown_cell(cell)}**" for cell in total_cells(rows, totals).values()],
    ]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    below = "".join(f"\n{remark}\n" for remark in remarks(totals))
    return f"**{_markdown_cell(title)}**\n\n{table}{below}"


def _markdown_row(row: ExplainedRow) -> list[str]:
    cells = row_cells(row)
    cells["Formula"] = "\n".join(filter(None, (cells["Formula"], *_below(row))))
    return [_markdown_cell(cell) for cell in cells.values()]


def _markdown_cell(text: str) -> str:
    escaped = html.escape(_printable(text), quote=False)
    return escape_cell(re.sub(r"[\\`*\[\]]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\\g<0>", escaped))


def _below(row: ExplainedRow) -> Iterator[str]:
    """Yields what is said of a row under it."""
    if row.error:
        yield f"✗ {row.error}"
    yield from (f"→ {mend}" for mend in row.mends)
    yield from (f"· {note}" for note in row.notes)


def _padded(cells: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    for number in range(max(map(len, cells))):
        parts = []
        for column, cell, width in zip(TEXT_COLUMNS, cells, widths, strict=True):
            part = cell[number] if number < len(cell) else ""
            space = " " * (width - _width(part))
            parts.append(space + part if column in RIGHT_ALIGNED_COLUMNS else part + space)
        yield "  ".join(parts).rstrip()


def _printable(text: str) -> str:
    if text.replace("\n", "").isprintable():
        return text
    return "".join(" " if is_invisible(character) and character != "\n" else character for character in text)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 1]}…"


def _width(text: str) -> int:
    """Returns the columns that a text takes in a terminal."""
    return len(text) if text.isascii() else sum(map(_character_width, text))


@cache
def _character_width(character: str) -> int:
    return 0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
