"""A server that cannot start says why in a sentence."""

import os
from pathlib import Path

import pytest

from cnnviz.ui.server import UNUSABLE_EXIT_CODE
from tests.forked_python import start_python

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("CNNVIZ_DATA_DIR", "a file", "cannot start. The data directory {} cannot be used: File exists."),
        ("CNNVIZ_GOAL", "high", "cannot start. The environment variable CNNVIZ_GOAL: should be a number"),
    ],
)
def test_what_cannot_be_used_is_told_with_an_exit_code(
    tmp_path: Path, variable: str, value: str, sentence: str
) -> None:
    (tmp_path / "a file").write_text("not a folder")
    value = str(tmp_path / value) if variable == "CNNVIZ_DATA_DIR" else value
    output = tmp_path / "output.txt"
    with output.open("w") as file:
        process = start_python(
            *["-m", "streamlit", "run", "app.py", "--server.headless=true", "--server.port=0"],
            cwd=ROOT,
            env=os.environ | {"CNNVIZ_DATA_DIR": str(tmp_path / "data")} | {variable: value},
            stdout=file.fileno(),
            stderr=file.fileno(),
        )
        assert process.wait(120) == UNUSABLE_EXIT_CODE
    told = output.read_text(encoding="utf-8")
    assert sentence.format(value) in told
    assert "Traceback" not in told
