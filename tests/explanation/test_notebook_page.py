"""docs/notebook.md as the notebook that it is: every cell runs, and gives what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/notebook.md").read_text(encoding="utf-8")
CELLS = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)
"""The code of every cell, and what it prints."""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    """The page, executed by a kernel in an empty folder."""
    folder = tmp_path_factory.mktemp("notebook")
    here = new_code_cell(f"import sys; sys.path.insert(0, {str(ROOT)!r})")
    page = new_notebook(cells=[here, *(new_code_cell(code) for code, _ in CELLS)])
    NotebookClient(page, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    return page


def test_every_cell_is_tested() -> None:
    assert len(CELLS) == PAGE.count("```python\n") == 5


@pytest.mark.parametrize("number", range(len(CELLS)))
def test_a_cell_gives_what_the_page_says(notebook: NotebookNode, number: int) -> None:
    (output,) = notebook.cells[number + 1].outputs
    text = output.text if output.output_type == "stream" else output.data["text/plain"]
    assert text.rstrip() == CELLS[number][1].rstrip()


def test_the_quick_start_shows_a_table(notebook: NotebookNode) -> None:
    (output,) = notebook.cells[1].outputs
    assert output.output_type == "execute_result"
    assert '<div class="cnnviz-explanation">' in output.data["text/html"]
