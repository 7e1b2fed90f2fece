import base64
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from nbformat import NotebookNode
from PIL import Image

from cnnviz.data.augmentation import Augmentation
from cnnviz.takehome.archive_facts import ArchiveFacts
from cnnviz.takehome.notebook import escape_notebook_text, split_sections, to_notebook
from cnnviz.takehome.run_archive import RunArchive
from cnnviz.takehome.script import SampleSource, to_script
from cnnviz.training.config import TrainConfig
from tests.takehome.script_runs import ScriptRun, digits_run, run_scripts

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20" fill="red"/></svg>'
HOSTILE = 'a<script>alert(1)</script> ![x](http://x) [y](javascript:1) $z$ \\(w\\) `c` | *b* "q"'


def archive_of(run: ScriptRun, **more: object) -> RunArchive:
    result, points = run.outcome
    return RunArchive(
        **{
            "title": "Two epochs",
            "architecture": run.architecture,
            "config": run.config,
            "status": "done",
            "created": 0.0,
            "worked": 12.3,
            "steps": 1234,
            "points": tuple(points),
            "best_epoch": result.best_epoch,
            "facts": ArchiveFacts(parts=(1437, 180, 180)),
            "dataset": "Handwritten digits",
        }
        | more
    )


@pytest.fixture(scope="module")
def run() -> ScriptRun:
    return digits_run(epochs=1, learning_rate=0.05, augmentation=Augmentation(shift=1))


@pytest.fixture(scope="module")
def notebook(run: ScriptRun) -> NotebookNode:
    return read(to_notebook(archive_of(run), data=run.source, charts={"Loss": SVG, HOSTILE: SVG}))


def read(text: str) -> NotebookNode:
    notebook_read = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook_read)
    return notebook_read


def sources(notebook: NotebookNode, kind: str) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


class Tags(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def html_of(markdown: str) -> Tags:
    return Tags(MarkdownIt("commonmark").enable("table").render(markdown))


def test_its_cells_run_in_turn_give_the_very_curve_of_the_run(
    run: ScriptRun, notebook: NotebookNode, tmp_path: Path
) -> None:
    run.write_inputs(tmp_path / "run", "\n\n".join(sources(notebook, "code")))
    run_scripts([tmp_path / "run"])
    assert (tmp_path / "run" / "points.csv").read_text() == run.csv_text


def test_its_cells_are_the_sections_of_the_script_under_their_titles(run: ScriptRun, notebook: NotebookNode) -> None:
    script = to_script(run.architecture, run.config, data=run.source)
    every = split_sections(script)
    assert sources(notebook, "code")[1:] == [section.code for section in every]
    assert [section.title for section in every] == [
        "Imports",
        "Settings",
        "Data",
        "Batches",
        "Augmentation",
        "Net",
        "Loss and optimizer",
        "Learning rate",
        "Training",
        "Test",
    ]
    cells_text = sources(notebook, "markdown")[-len(every) :]
    assert cells_text == [f"### {section.title}\n\n{section.description}".strip() for section in every]
    for section in every:
        compile(section.code, section.title, "exec")


def test_it_tells_what_the_run_was_and_what_came_of_it(run: ScriptRun, notebook: NotebookNode) -> None:
    cells_text = html_of(sources(notebook, "markdown")[0]).text
    for text in ("Two epochs", "Handwritten digits", "1,437 for training", "1970-01-01 00:00 UTC", "1,234 of the"):
        assert text in cells_text
    for setting in ("Learning rate\n0.05\n0.01", "Epochs\n1\n30", "Augmentation: Shift\n1\n0"):
        assert setting in cells_text
    assert "Momentum" not in cells_text
    assert "log_softmax" not in cells_text
    assert "LogSoftmax" in cells_text
    for point in run.outcome[1]:
        if point.split != "batch":
            assert f"{point.value:.4f}" in cells_text


def test_a_run_at_its_defaults_that_ended_at_once_is_told_so(run: ScriptRun) -> None:
    run_archive = archive_of(
        run, config=TrainConfig(), title="", points=(), best_epoch=0, facts=ArchiveFacts(), status="stopped"
    )
    cells_text, *_ = sources(read(to_notebook(run_archive, data=SampleSource(), charts={})), "markdown")
    assert cells_text.startswith("# ConvNet for handwritten digits\n")
    assert "The run ended before its first epoch was complete." in cells_text
    assert "All settings have their default values." in cells_text


def test_charts_are_shown_where_the_notebook_is_trusted_and_where_it_is_not(notebook: NotebookNode) -> None:
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    pictures = [output.data for output in cell.outputs if "image/svg+xml" in output.data]
    assert [picture["image/svg+xml"] for picture in pictures] == [SVG, SVG]
    assert Image.open(BytesIO(base64.b64decode(pictures[0]["image/png"]))).getpixel((9, 9)) == (255, 0, 0, 255)
    assert [picture["text/plain"] for picture in pictures] == ["Loss", HOSTILE]


def test_it_is_the_same_file_each_time(run: ScriptRun) -> None:
    assert to_notebook(archive_of(run), data=run.source, charts={}) == to_notebook(
        archive_of(run), data=run.source, charts={}
    )


def test_what_a_student_wrote_stays_text(run: ScriptRun) -> None:
    plain = html_of(sources(read(to_notebook(archive_of(run), data=run.source, charts={})), "markdown")[0])
    run_archive = archive_of(run, title=HOSTILE, dataset=HOSTILE, message=HOSTILE, device=HOSTILE)
    notebook_read = read(to_notebook(run_archive, data=run.source, charts={HOSTILE: SVG}))
    cells_text = html_of(sources(notebook_read, "markdown")[0])
    assert [tag for tag in cells_text.tags if tag != "code"] == [tag for tag in plain.tags if tag != "code"]
    assert cells_text.text.count(HOSTILE) == 4
    title, _ = next(cell for cell in notebook_read.cells if cell.cell_type == "code").outputs
    assert {*html_of(title.data["text/markdown"]).tags} <= {"p", "strong", "code"}
    assert HOSTILE not in "".join(sources(notebook_read, "code"))


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co"))))
def test_any_text_is_shown_as_it_is(text: str) -> None:
    shown = html_of(f"# {escape_notebook_text(text)}")
    assert [tag for tag in shown.tags if tag != "code"] == ["h1"]
    assert shown.text.strip() == " ".join(text.split())
