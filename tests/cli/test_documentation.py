"""docs/headless.md cannot rot: every command, option and setting is looked up in it, and its examples are run."""

import re
import shlex
from pathlib import Path

import click
import numpy as np
import pytest

from cnnviz.cli import main
from cnnviz.cli.config import SETTING_FIELDS
from cnnviz.cli.training import OUTPUT_FILES
from cnnviz.source import STYLES
from cnnviz.training.config import TrainConfig
from tests.classroom.made_submissions import KEY, signed_zip
from tests.cli.conftest import RunCommand

TEXT = (Path(__file__).parents[2] / "docs/headless.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^python -m cnnviz (.+)$", TEXT, re.MULTILINE)
OPTIONS = [
    option
    for command in main.commands.values()
    for parameter in command.params
    for option in parameter.opts
    if "-" in option
]


@pytest.mark.parametrize("name", [*main.commands, *OUTPUT_FILES, *SETTING_FIELDS, *STYLES])
def test_every_command_file_and_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in TEXT


@pytest.mark.parametrize("option", [*OPTIONS, "--help", "--version"])
def test_every_option_is_documented(option: str) -> None:
    assert re.search(rf"`{option}[` ]", TEXT)


def test_every_command_has_an_example() -> None:
    assert {example.split()[0] for example in EXAMPLES} == main.commands.keys()


def test_the_styles_of_code_are_those_there_are() -> None:
    (style,) = [parameter for parameter in main.commands["code"].params if parameter.name == "style"]
    assert isinstance(style.type, click.Choice)
    assert list(style.type.choices) == list(STYLES)


def test_the_examples_run_one_after_the_other(cnnviz: RunCommand, folder: Path, class_settings: None) -> None:
    (folder / "class.csv").write_text("Anna\nBert\n", encoding="utf-8")
    (folder / "config.json").write_text(TrainConfig(epochs=1).model_dump_json(), encoding="utf-8")
    generator = np.random.default_rng(0)
    np.save(folder / "feats.npy", generator.standard_normal((40, 8, 8)).astype(np.float32))
    np.save(folder / "labels.npy", np.arange(40) % 4)
    (folder / "submissions").mkdir()
    (folder / "submissions" / "anna.zip").write_bytes(signed_zip(1))
    (folder / "key.txt").write_text(KEY.hex(), encoding="ascii")
    for example in EXAMPLES:
        command_result = cnnviz(*shlex.split(example))
        assert command_result.exit_code == 0, command_result.output
    results = (folder / "runs").glob("*/result.json")
    keys = {
        key for result in results for key in re.findall(r'^  "(\w+)"', result.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert keys
    assert all(f"`{key}`" in TEXT for key in keys)
