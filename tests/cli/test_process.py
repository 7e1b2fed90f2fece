"""The command line as a process of its own: its exit codes, its output, and the signals that it takes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import NamedTuple, TextIO

import pytest
from safetensors.torch import load_file

from cnnviz.architecture import build_model
from tests.cli.conftest import NET
from tests.forked_python import Process, start_python

ROOT = Path(__file__).parents[2]
COMMAND = ["-W", "error", "-W", "ignore:`torch.jit.", "-m", "cnnviz"]
"""Warnings are errors, but for the one of importing ignite that pyproject.toml names, too."""
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}
DIGITS = ["train", "design.json", "--dataset", "digits", "--out", "run"]
DEADLINE = 120.0


class Started(NamedTuple):
    """A process, and what it writes."""

    process: Process
    out: TextIO
    err: TextIO

    def end(self) -> tuple[int, str, str]:
        """Its exit code, and the rest of what it writes."""
        with ThreadPoolExecutor(1) as reader:
            err = reader.submit(self.err.read)
            out = self.out.read()
        return self.process.wait(), out, err.result()


@contextmanager
def started(*arguments: str, terminal: int | None = None) -> Iterator[Started]:
    """The process; killed when it has not ended by the deadline. A terminal gets its errors."""
    (out, out_target), (err, err_target) = os.pipe(), os.pipe()
    with open(out, encoding="utf-8") as out_file, open(err, encoding="utf-8") as err_file:
        process = start_python(
            *COMMAND, *arguments, cwd=Path.cwd(), env=ENVIRONMENT, stdout=out_target, stderr=terminal or err_target
        )
        os.close(out_target)
        os.close(err_target)
        timer = Timer(DEADLINE, process.kill)
        timer.start()
        try:
            yield Started(process, out_file, err_file)
        finally:
            process.kill()
            process.wait()
            timer.cancel()


def ended(*arguments: str) -> tuple[int, str, str]:
    with started(*arguments) as started_process:
        return started_process.end()


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
    with started(*DIGITS, "--set", "epochs=1000") as training:
        for line in training.err:
            if line.startswith("epoch 2 of 1000, "):
                training.process.send_signal(number)
                break
        ended_code, out, err = training.end()
    assert ended_code == code
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
    with started(*DIGITS, "--set", "epochs=2", terminal=slave) as training:
        os.close(slave)
        shown = b"".join(iter(lambda: _read(master), b"")).decode()
        code, out, _ = training.end()
    os.close(master)
    assert code == 0
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
