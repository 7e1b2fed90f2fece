"""The table of a live module as HTML, text and Markdown."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt
from torch import nn

from cnnviz import explain
from cnnviz.architecture import build_model, trace
from cnnviz.explanation import Explanation
from cnnviz.explanation.cells import COLUMNS
from cnnviz.presets import PRESETS
from cnnviz.table import format_bytes, table_rows, to_markdown, totals

HOSTILE = "<img src=x onerror=alert(1)>|`\n\u202e&amp;"


class Page(HTMLParser):
    """The tags of a page, and the text in each cell."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.cells: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.cells[-1] += data


@pytest.fixture
def hostile() -> Explanation:
    net = nn.Sequential()
    net.add_module(HOSTILE, type(HOSTILE, (nn.Linear,), {})(3, 4))
    net.add_module("fc", nn.Linear(5, 2))
    return explain(net, (3,))


def test_names_cannot_leave_their_cells(hostile: Explanation) -> None:
    page = Page(hostile._repr_html_())
    assert not page.open
    assert set(page.tags) == {
        "br", "div", "style", "table", "caption", "thead", "tr", "th", "tbody", "td", "small", "p", "ul", "li", "tfoot",
    }  # fmt: skip
    assert any("<img src=x onerror=alert(1)>" in cell for cell in page.cells)
    assert "\u202e" not in hostile._repr_html_()
    assert "\u202e" not in repr(hostile)


def test_names_cannot_leave_their_cells_in_markdown(hostile: Explanation) -> None:
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(hostile.to_markdown())
    assert "<img" not in page
    lines = [line for line in hostile.to_markdown().splitlines() if line.startswith("|")]
    assert {len(re.split(r"(?<!\\)\|", line)) for line in lines} == {len(COLUMNS) + 2}
    assert page.count("<tr>") == 5


def test_markdown_has_the_numbers_of_the_designs_table() -> None:
    design = PRESETS["lab-convnet"].architecture
    ours = explain(build_model(design), design.input_shape).to_markdown()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in ours.splitlines() if line.startswith("|")]
    theirs = [[cell.strip() for cell in line.split("|")[1:-1]] for line in to_markdown(design).splitlines()]
    for mine, other in zip(cells[3:-1], theirs[3:-1], strict=True):
        assert [mine[0], mine[2], mine[4], *mine[5:]] == [other[0], other[1], other[3], *other[4:]]
    assert cells[-1][6:9] == theirs[-1][5:8]


def test_text_has_a_line_for_every_axis_and_the_numbers_of_the_total() -> None:
    design = PRESETS["lab-convnet"].architecture
    text = repr(explain(build_model(design), design.input_shape))
    lines = text.splitlines()
    for row in table_rows(trace(design)):
        assert all(any(formula in line for line in lines) for formula in row.formula.splitlines())
    sums = totals(trace(design))
    assert re.search(
        rf"Total +9 rows +{sums.parameters:,} +{sums.multiply_adds:,} +{format_bytes(sums.activation_bytes)}", text
    )
    assert len({len(line) for line in lines if line.startswith("─")}) == 1


def test_a_failing_net_shows_reason_and_mends_everywhere() -> None:
    table = explain(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Linear(144, 2)), (1, 8, 8))
    for drawn in (repr(table), table._repr_html_(), table.to_markdown()):
        for text in ("but the last axis of 4 × 6 × 6 has 6.", "Put nn.Flatten() before it", "torch says: ", "≥ 1,296"):
            assert text in drawn
