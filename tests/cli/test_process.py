"""The command line as a process of its own: its exit codes, its output, and the signals that it takes."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import cast

import pytest
from safetensors.torch import load_file

from cnnviz.architecture import build_model
from tests.cli.conftest import NET

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-W", "error", "-W", "ignore:`torch.jit.", "-m", "cnnviz"]
"""Warnings are errors, but for the one of importing ignite that pyproject.toml names, too."""
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}
DIGITS = ["train", "design.json", "--dataset", "digits", "--out", "run"]
DEADLINE = 120.0


@contextmanager
def started(*arguments: str, stderr: int = subprocess.PIPE) -> Iterator["subprocess.Popen[str]"]:
    """The process; killed when it has not ended by the deadline."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background ignores it
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=stderr, text=True, encoding="utf-8", env=ENVIRONMENT
    ) as process:
        signal.signal(signal.SIGINT, before)
        timer = Timer(DEADLINE, process.kill)
        timer.start()
        try:
            yield process
        finally:
            process.kill()
            timer.cancel()


def ended(*arguments: str) -> tuple[int | None, str, str]:
    with started(*arguments) as process:
        out, err = process.communicate()
    return process.returncode, out, err


def test_a_training_prints_its_result_and_nothing_else() -> None:
    code, out, err = ended(*DIGITS, "--set", "epochs=2")
    assert (code, json.loads(out)["epochs"]) == (0, 2)
    assert out == Path("run/result.json").read_text(encoding="utf-8")
    assert len(err.splitlines()) == 3
    assert ended(*DIGITS)[::2] == (
        1,
        "Error: run already contains the result of a training; choose another folder, or add --force.\n",
    )


def test_done_refused_and_misused_have_codes_of_their_own() -> None:
    assert ended("shapes", "design.json")[::2] == (0, "")
    assert ended("shapes", "nothing.json") == (1, "", "Error: nothing.json: No such file or directory.\n")
    code, _, err = ended("shapes", "--magic")
    assert code == 2
    assert err.splitlines()[-1].startswith("Error: No such option")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_it_with_the_best_epoch_so_far(number: signal.Signals, code: int) -> None:
    with started(*DIGITS, "--set", "epochs=1000") as process:
        for line in cast("io.TextIOBase", process.stderr):
            if line.startswith("epoch 2 of 1000, "):
                process.send_signal(number)
                break
        out, err = process.communicate()
    assert process.returncode == code
    assert "Traceback" not in err
    facts = json.loads(out)
    assert facts == json.loads(Path("run/result.json").read_text(encoding="utf-8"))
    assert facts["stopped"]
    assert facts["test"] is None
    assert 1 <= facts["best_epoch"] <= facts["epochs"] < 1000
    assert 0 <= facts["validation"]["accuracy"] <= 1
    build_model(NET).load_state_dict(load_file("run/weights.safetensors"))
    *_, last = Path("run/points.csv").read_text(encoding="ascii").splitlines(keepends=True)
    assert last.count(",") == 4
    assert last.endswith("\n")


def test_a_terminal_gets_a_bar_with_the_latest_numbers() -> None:
    master, slave = os.openpty()
    with started(*DIGITS, "--set", "epochs=2", stderr=slave) as process:
        os.close(slave)
        shown = b"".join(iter(lambda: _read(master), b"")).decode()
        out, _ = process.communicate()
    os.close(master)
    assert process.returncode == 0
    json.loads(out)
    assert "100%" in shown
    assert "epoch 2 of 2, loss " in shown
    assert "validation accuracy 0." in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # nobody holds its other end any more
        return b""


def test_help_does_not_wait_for_torch() -> None:
    ask = "import sys; from cnnviz.cli import main; main(['train', '--help'], standalone_mode=False)"
    process = subprocess.run(
        [sys.executable, "-c", f"{ask}; assert not {{'torch', 'numpy', 'ignite'}} & sys.modules.keys()"],
        capture_output=True,
        env=ENVIRONMENT,
        check=False,
    )
    assert process.returncode == 0, process.stderr


@pytest.mark.parametrize("command", ["shapes", "code"])
def test_what_only_reads_a_design_does_not_wait_for_data_and_training(command: str) -> None:
    ask = f"import sys; from cnnviz.cli import main; main([{command!r}, 'design.json'], standalone_mode=False)"
    heavy = {"ignite", "sklearn", "scipy", "pandas", "onnx", "cnnviz.training", "cnnviz.data"}
    process = subprocess.run(
        [sys.executable, "-c", f"{ask}; assert not {heavy} & sys.modules.keys()"],
        capture_output=True,
        env=ENVIRONMENT,
        check=False,
    )
    assert process.returncode == 0, process.stderr
