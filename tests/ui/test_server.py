"""A server that cannot start says why in a sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnnviz.ui.server import UNUSABLE_EXIT_CODE

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
    ended = subprocess.run(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", "--server.port=0"],
        cwd=ROOT,
        env=os.environ | {"CNNVIZ_DATA_DIR": str(tmp_path / "data")} | {variable: value},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == UNUSABLE_EXIT_CODE
    assert sentence.format(value) in ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout
