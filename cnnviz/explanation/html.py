"""A live module's table as HTML, for a notebook in light or dark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path

from cnnviz.explanation.cells import COLUMNS, RIGHT_ALIGNED_COLUMNS, input_cells, remarks, row_cells, total_cells
from cnnviz.explanation.rows import ExplainedRow
from cnnviz.explanation.totals import ExplainedTotals
from cnnviz.shapes import Shape
from cnnviz.words import is_invisible

HTML_COLUMNS = tuple(column for column in COLUMNS if column != "Arguments")
"""The arguments stand under the layer's kind."""


def to_html(title: str, input_shapes: Sequence[Shape], rows: Sequence[ExplainedRow], totals: ExplainedTotals) -> str:
    """Returns the table with a style sheet of its own; every text in it is escaped."""
    head = "".join(f'<th scope="col"{_class(column)}>{_escaped(column)}</th>' for column in HTML_COLUMNS)
    body = "".join(part for row in rows for part in _row(row))
    below = "".join(f"<p>{_escaped(remark)}</p>" for remark in remarks(totals))
    return (
        f'<div class="cnnviz-explanation"><style>{_style_sheet()}</style>'
        f"<table><caption>{_escaped(title)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{_line(input_cells(input_shapes), 'input')}{body}</tbody>"
        f"<tfoot>{_line(total_cells(rows, totals), 'total')}</tfoot></table>{below}</div>"
    )


def _row(row: ExplainedRow) -> Iterator[str]:
    yield _line(row_cells(row), "failed" if row.error else "layer")
    parts = [f'<p class="error">{_escaped(row.error)}</p>'] if row.error else []
    if row.mends:
        parts.append(f"<ul>{''.join(f'<li>{_escaped(mend)}</li>' for mend in row.mends)}</ul>")
    parts += [f"<p>{_escaped(note)}</p>" for note in row.notes]
    if parts:
        kind = "below failed" if row.error else "below"
        yield f'<tr class="{kind}"><td></td><td colspan="{len(HTML_COLUMNS) - 1}">{"".join(parts)}</td></tr>'


def _line(cells: Mapping[str, str], kind: str) -> str:
    drawn = []
    for column in HTML_COLUMNS:
        text = _escaped(cells[column]).replace("\n", "<br>")
        if column == "Layer" and cells["Arguments"]:
            text += f"<small>{_escaped(cells['Arguments'])}</small>"
        drawn.append(f"<td{_class(column)}>{text}</td>")
    return f'<tr class="{kind}">{"".join(drawn)}</tr>'


def _class(column: str) -> str:
    return ' class="number"' if column in RIGHT_ALIGNED_COLUMNS else ""


def _escaped(text: str) -> str:
    return escape("".join("�" if is_invisible(character) and character != "\n" else character for character in text))


@cache
def _style_sheet() -> str:
    return Path(__file__).with_name("explanation.css").read_text(encoding="utf-8")
