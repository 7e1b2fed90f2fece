"""What is promised of every child process, forked or not; and what happens when the fork server dies."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryFile

import psutil
import pytest

from cnnviz.processes import fork_client, fork_supervisor, forked_child, launcher
from cnnviz.processes.fork_supervisor import ForkServerSupervisor
from cnnviz.processes.forked_child import ForkedChild
from cnnviz.processes.launcher import FORKABLE_MODULES, MAX_NICENESS, Child, start_child
from cnnviz.processes.subprocess_child import PROJECT_ROOT, Streams, SubprocessChild, child_environment
from cnnviz.settings import Settings
from tests.conftest import DEADLINE, WaitFor

JOBS, IMPORTED = "tests.processes.jobs", "colorsys"
CHILD_TYPES = {True: ForkedChild, False: SubprocessChild}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems do not fork, and have fewer limits")


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[bool, ForkServerSupervisor]]:
    """A fork server that has imported one module, and one that may not be started."""
    enabled, disabled = ForkServerSupervisor([IMPORTED]), ForkServerSupervisor([])
    enabled.enable()
    yield {True: enabled, False: disabled}
    enabled.close()


@pytest.fixture(params=[True, False], ids=["forked", "subprocess"])
def forked(
    request: pytest.FixtureRequest, servers: dict[bool, ForkServerSupervisor], monkeypatch: pytest.MonkeyPatch
) -> bool:
    """Whether children are forked: both ways."""
    monkeypatch.setattr(launcher, "FORK_SERVER", servers[request.param])
    return bool(request.param)


@pytest.fixture
def fork_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ForkServerSupervisor]:
    server = ForkServerSupervisor([JOBS])
    server.enable()
    monkeypatch.setattr(launcher, "FORK_SERVER", server)
    yield server
    server.close()


def run(*arguments: str, question: bytes = b"", memory_bytes: int | None = None) -> tuple[Child, int, bytes, bytes]:
    """A finished child, its exit code, its answer and its log."""
    with TemporaryFile() as question_file, TemporaryFile() as answer, TemporaryFile() as log:
        question_file.write(question)
        question_file.seek(0)
        streams = Streams(question_file.fileno(), answer.fileno(), log.fileno())
        child = start_child(JOBS, *arguments, streams=streams, oom_score=300, memory_bytes=memory_bytes)
        code = child.wait(DEADLINE)
        answer.seek(0)
        log.seek(0)
        return child, code, answer.read(), log.read()


def start(*arguments: str) -> Child:
    """A child that reads and writes nothing."""
    with open(os.devnull, "r+b") as nothing:
        return start_child(JOBS, *arguments, streams=Streams(nothing.fileno(), nothing.fileno()), oom_score=0)


def pid_of(server: ForkServerSupervisor) -> int:
    process = server.start(None)
    assert process
    assert process.ready.result(DEADLINE)
    return process.pid


def has_ended(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_child_has_its_priority_session_environment_and_nothing_else_of_its_server(
    forked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("exit_with", "0")  # the fork server has another environment and directory than the next child
    monkeypatch.setenv("CNNVIZ_GOAL", "0.5")
    monkeypatch.delenv("CNNVIZ_NICENESS")
    monkeypatch.setattr(launcher, "settings", Settings)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "secret").open("w"):
        child, code, answer, log = run("describe", question=b"a question")
    facts = json.loads(answer)
    assert (code, log) == (0, b"")
    assert isinstance(child, CHILD_TYPES[forked])
    assert facts["pid"] == facts["session"] == child.pid
    assert (facts["parent"] == os.getpid()) == (not forked)
    assert facts["nice"] == min(os.getpriority(os.PRIO_PROCESS, 0) + 10, MAX_NICENESS)
    assert facts["session_nice"] in (facts["nice"], None)
    assert facts["oom_score_adj"] == 300
    assert facts["name"] == "cnnviz jobs"
    assert facts["input"] == "a question"
    assert facts["directory"] == str(tmp_path)
    assert facts["environment"]["CNNVIZ_GOAL"] == "0.5"
    assert facts["environment"]["OPENBLAS_NUM_THREADS"] == "1"
    assert "HOME" not in facts["environment"]
    assert facts["imported"] == forked  # that is what it is for
    files, lifeline = facts["files"][:3], facts["files"][3:]
    assert all("deleted" in file for file in files)
    assert [kind.partition(":")[0] for kind in lifeline] == ["pipe"]


def test_what_a_child_prints_is_not_in_its_answer(forked: bool) -> None:
    _, code, answer, log = run("answer")
    assert (code, answer) == (0, b"the answer")
    assert log == b"a stray print\nand one from C\n"


@pytest.mark.parametrize(("arguments", "code"), [(("exit_with", "0"), 0), (("exit_with", "3"), 3), (("fail",), 1)])
def test_how_a_child_ended_is_known(forked: bool, arguments: tuple[str, ...], code: int) -> None:
    _, ended, _, log = run(*arguments)
    assert ended == code
    assert (b"ValueError: this job fails" in log) == (arguments == ("fail",))


def test_a_child_is_waited_for_as_long_as_asked_and_killed(forked: bool) -> None:
    child = start("sleep")
    with pytest.raises(TimeoutError):
        child.wait(0.05)
    child.kill()
    assert child.wait(DEADLINE) == -signal.SIGKILL
    assert child.wait() == -signal.SIGKILL
    child.kill()  # harmless


def test_memory_beyond_the_limit_is_refused(forked: bool) -> None:
    assert run("allocate", "64", memory_bytes=2**27)[1] == 0
    _, code, _, log = run("allocate", "256", memory_bytes=2**27)
    assert code == 1
    assert b"MemoryError" in log


def test_children_started_at_once_do_not_get_in_each_others_way(forked: bool) -> None:
    count = 12 if forked else 3
    with ThreadPoolExecutor(count) as pool:
        questions = [f"question {number}" for number in range(count)]
        answers = list(pool.map(lambda question: run("describe", question=question.encode()), questions))
    assert [json.loads(answer)["input"] for _, _, answer, _ in answers] == questions
    assert {type(child) for child, *_ in answers} == {CHILD_TYPES[forked]}
    assert len({child.pid for child, *_ in answers}) == count


def test_the_death_of_the_server_ends_all_children(forked: bool, tmp_path: Path, wait_for: WaitFor) -> None:
    pids = tmp_path / "pids"
    command = [sys.executable, "-c", "import sys; from tests.processes.jobs import serve; serve(*sys.argv[1:])"]
    with subprocess.Popen([*command, str(forked), str(pids)], cwd=PROJECT_ROOT) as server:
        wait_for(lambda: pids.exists() and pids.read_text(encoding="ascii"))
        children = json.loads(pids.read_text(encoding="ascii"))
        ancestors = {parent for pid in children for parent in map(str, psutil.Process(pid).parents())}
        assert any("fork_ser" in parent for parent in ancestors) == forked
        below = psutil.Process(server.pid).children(recursive=True)
        assert {process.pid for process in below} >= set(children)
        server.send_signal(signal.SIGKILL)
    wait_for(lambda: all(has_ended(process.pid) for process in below))


def test_a_dead_fork_server_is_replaced_and_until_then_children_are_started_without_it(
    fork_server: ForkServerSupervisor, wait_for: WaitFor
) -> None:
    pid = pid_of(fork_server)
    survivor = start("sleep")
    wait_for(lambda: psutil.Process(survivor.pid).name() == "cnnviz jobs")  # it has been told to go on
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: has_ended(pid))
    child, code, _, _ = run("exit_with", "7")
    assert isinstance(child, SubprocessChild)
    assert code == 7
    assert pid_of(fork_server) != pid
    assert isinstance(run("exit_with", "0")[0], ForkedChild)
    assert not has_ended(survivor.pid)
    survivor.kill()
    assert survivor.wait(DEADLINE) == -signal.SIGKILL  # it is this process's own child now, and reaped
    assert not psutil.pid_exists(survivor.pid)


def test_a_fork_server_that_dies_while_it_is_asked_costs_no_child_and_doubles_none(
    fork_server: ForkServerSupervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_for: WaitFor
) -> None:
    """The moments are many: it has not read the request, it has forked and not reported, it has reported."""
    monkeypatch.setattr(fork_supervisor, "FIRST_RETRY_SECONDS", 0.0)
    for number in range(12):
        pid, trace, children = pid_of(fork_server), tmp_path / f"trace {number}", list[Child]()
        asking = threading.Thread(
            target=lambda trace=trace, children=children: children.append(start("count", str(trace)))
        )
        asking.start()
        time.sleep(0.002 * number)
        os.kill(pid, signal.SIGKILL)
        asking.join(DEADLINE)
        (child,) = children
        wait_for(lambda trace=trace, child=child: (trace.exists() and trace.read_text()) or has_ended(child.pid))
        if not has_ended(
            child.pid
        ):  # killed between its report and the word to go on: its caller sees a child that died
            assert trace.read_text(encoding="ascii").split() == [str(child.pid)]
            child.kill()
        assert child.wait(DEADLINE) in (-signal.SIGKILL, 1)  # 1: it was never told to go on


def test_a_fork_server_that_hangs_is_ended_and_the_child_started_without_it(
    fork_server: ForkServerSupervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fork_client, "ANSWER_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(fork_client, "CLOSE_TIMEOUT_SECONDS", 0.2)
    pid = pid_of(fork_server)
    os.kill(pid, signal.SIGSTOP)
    child, code, _, _ = run("exit_with", "7")
    assert isinstance(child, SubprocessChild)
    assert code == 7
    assert has_ended(pid)


def test_the_end_of_a_child_is_seen_though_the_fork_server_hangs(
    fork_server: ForkServerSupervisor, monkeypatch: pytest.MonkeyPatch, wait_for: WaitFor
) -> None:
    monkeypatch.setattr(forked_child, "REPORT_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(fork_client, "CLOSE_TIMEOUT_SECONDS", 0.2)
    pid = pid_of(fork_server)
    child = start("sleep")
    wait_for(lambda: psutil.Process(child.pid).name() == "cnnviz jobs")
    os.kill(pid, signal.SIGSTOP)
    child.kill()
    assert child.wait(DEADLINE) == -signal.SIGKILL
    assert pid_of(fork_server) != pid


def test_a_server_without_descriptors_loses_no_child_for_good(fork_server: ForkServerSupervisor) -> None:
    """The kernel drops the descriptor of a new child where there is no room for it: the reader's thread died of it."""
    pid_of(fork_server)
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    survivor = start("sleep")
    with open(os.devnull, "r+b") as nothing:
        streams = Streams(nothing.fileno(), nothing.fileno())
        highest = max(int(name) for name in os.listdir("/proc/self/fd"))
        blockers = [os.dup(nothing.fileno()) for _ in range(highest)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(blockers) + 1, usual[1]))
        try:
            for fd in blockers[:2]:  # room for a lifeline, and for nothing else
                os.close(fd)
            with pytest.raises(OSError, match="Too many open files"):
                start_child(JOBS, "sleep", streams=streams, oom_score=0)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, usual)
            for fd in blockers[2:]:
                os.close(fd)
    survivor.kill()
    assert survivor.wait(DEADLINE) == -signal.SIGKILL
    assert isinstance(run("exit_with", "0")[0], ForkedChild)


def test_what_a_child_says_last_is_read(forked: bool) -> None:
    _, code, _, log = run("exit_with_undecodable_log")
    assert code == 5
    assert "a last word \\udcff" in log.decode()


THREADED = """
import threading, time

threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
"""


@pytest.mark.parametrize("module", ["threaded", "there_is_none"])
def test_what_cannot_be_forked_safely_is_started_without(
    module: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wait_for: WaitFor,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "threaded.py").write_text(THREADED, encoding="ascii")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    server = ForkServerSupervisor([module])
    server.enable()
    monkeypatch.setattr(launcher, "FORK_SERVER", server)
    assert isinstance(run("exit_with", "0")[0], SubprocessChild)
    wait_for(lambda: server.start(None) is None)  # two have died: the next one is not tried at once
    assert server._failures == 2
    assert "After the imports there are 2 threads" in (log := capfd.readouterr().err) or "there_is_none" in log
    server.close()


def test_the_modules_of_children_start_no_thread_and_touch_no_gpu() -> None:
    """CUDA works in no child of a process that has touched it."""
    program = f"""
import importlib, os, sys
import torch

def touch(*_):
    raise AssertionError("CUDA is touched")

for name in ("init", "_lazy_init", "is_available", "device_count", "current_device", "get_device_properties"):
    setattr(torch.cuda, name, touch)
for name in [name for name in dir(torch._C) if name.startswith("_cuda_")]:
    setattr(torch._C, name, touch)
for module in {FORKABLE_MODULES}:
    importlib.import_module(module)
print(len(os.listdir("/proc/self/task")))
"""
    environment = child_environment()
    output = subprocess.check_output([sys.executable, "-W", "ignore", "-c", program], env=environment, text=True)
    assert output == "1\n"
