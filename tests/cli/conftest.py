import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

from cnnviz.cli import main
from cnnviz.settings import settings
from tests.training.test_trainer import NET

RunCommand = Callable[..., Result]


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Ctrl-C is an exception, also where the tests run in the background, in which a shell makes it nothing."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a design.json for the digits."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "design.json").write_text(NET.to_json(), encoding="utf-8")
    return tmp_path


@pytest.fixture
def class_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings of a server for a class that has never run."""
    monkeypatch.setenv("CNNVIZ_MODE", "class")
    monkeypatch.setenv("CNNVIZ_DATA_DIR", str(folder / "data"))
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def cnnviz() -> RunCommand:
    """The command line in this process; an exception that is no sentence surfaces."""

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments, catch_exceptions=False)

    return invoke


@pytest.fixture
def refused(cnnviz: RunCommand) -> Callable[..., str]:
    """What the command line says when it refuses: one line on the standard error, exit code 1."""

    def invoke(*arguments: str) -> str:
        result = cnnviz(*arguments)
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1
        return result.stderr.removeprefix("Error: ").rstrip("\n")

    return invoke
