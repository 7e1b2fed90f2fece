"""The order of the tests, the threads that they take, what hypothesis makes up, and how to wait for other processes."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from cnnviz.processes.launcher import FORK_SERVER
from cnnviz.runs.run import Run, Status
from cnnviz.runs.store import Store

DEADLINE = 120.0

WaitFor = Callable[[Callable[[], object]], None]
Ended = Callable[[Store, str], Run]

RUN_LAST = (Path(__file__).parent / "export", Path(__file__).parent / "takehome/test_files.py")
"""What loads onnxruntime."""

# the same examples every time, so that a change is judged by itself; --hypothesis-profile=default looks for others.
# No deadline: how long an example takes depends on what else the machine does
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


def pytest_sessionstart() -> None:
    """One thread, as a worker has: those of several wait for each other on a busy machine, and their sums differ.

    Processes are forked, as a server's are; the first of them starts the fork server.
    """
    torch.set_num_threads(1)
    FORK_SERVER.enable()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two processes for the whole suite; none for what is named on the command line, which ends before they start."""
    return 2 if config.args_source == pytest.Config.ArgsSource.TESTPATHS else 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that load onnxruntime come last: whole runs in which it was loaded before torch trained have aborted."""
    items.sort(key=lambda item: any(item.path.is_relative_to(last) for last in RUN_LAST))


@pytest.fixture(scope="session")
def wait_for() -> WaitFor:
    """Look at another process or thread again and again until a condition holds, up to a deadline."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < deadline, "nothing happened in time"
            time.sleep(0.02)  # between two looks

    return wait


@pytest.fixture(scope="session")
def ended(wait_for: WaitFor) -> Ended:
    """The run once it has ended."""

    def wait(store: Store, run_id: str) -> Run:
        def look() -> bool:
            run = store.run(run_id)
            return run is not None and run.status not in (Status.QUEUED, Status.RUNNING)

        wait_for(look)
        run = store.run(run_id)
        assert run
        return run

    return wait
