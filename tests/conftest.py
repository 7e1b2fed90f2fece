"""The order of the tests, the threads that they take, what hypothesis makes up, and how to wait for other processes."""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from cnnviz.runs.run import Run
    from cnnviz.runs.store import Store

DEADLINE = 120.0

WaitFor = Callable[[Callable[[], object]], None]
Ended = Callable[["Store", str], "Run"]

TESTS = Path(__file__).parent
RUN_LAST = (TESTS / "onnx_export", TESTS / "takehome/test_files.py")
"""What loads onnxruntime."""
SLOW = [
    TESTS / path
    for path in (
        "advice/test_advice.py",
        "classroom/test_ladder.py",
        "classroom/test_signed_zip.py",
        "cli/test_commands.py",
        "cli/test_documentation.py",
        "cli/test_grading.py",
        "cli/test_process.py",
        "cli/test_training.py",
        "explanation",
        "imports/test_imports.py",
        "insight/test_differences.py",
        "insight/test_single_differences.py",
        "insight/test_suggested_changes.py",
        "insight/test_verdicts.py",
        "inside/test_attribution.py",
        "layers/test_contract.py",
        "onnx_export",
        "pages",
        "processes/test_launcher.py",
        "processes/test_pipe.py",
        "runs/test_assignments.py",
        "runs/test_backup.py",
        "runs/test_cluster.py",
        "runs/test_database.py",
        "runs/test_older_state.py",
        "runs/test_recovery.py",
        "runs/test_rotation.py",
        "runs/test_run_export.py",
        "runs/test_take_over.py",
        "runs/worker",
        "search",
        "searches",
        "source/test_hostile.py",
        "source/test_keras.py",
        "source/test_write.py",
        "takehome/test_files.py",
        "takehome/test_notebook.py",
        "takehome/test_report.py",
        "takehome/test_script.py",
        "takehome/test_unpack.py",
        "test_package.py",
        "test_share.py",
        "training/test_lr_finder.py",
        "training/test_training.py",
        "ui/design/test_advice_cards.py",
        "ui/test_server.py",
        "ui/test_workbench.py",
        "ui/widgets/test_fields.py",
    )
]
"""What takes seconds: the suite without these answers within a minute."""

# the same examples every time, so that a change is judged by itself; --hypothesis-profile=default looks for others.
# No deadline: how long an example takes depends on what else the machine does
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


def pytest_sessionstart(session: pytest.Session) -> None:
    """One thread, here and in workers: several wait for each other on a busy machine, and their sums differ.

    Nor do workers stand back: pages and browsers take all cores, and a test that waits for a training would wait long.

    Processes are forked, as a server's are; the first of them starts the fork server, which has imported what servers
    and command lines need, too: tests/forked_python.py. The process that only deals out tests to others loads nothing
    of this: it takes seconds, and the others wait for it.
    """
    if session.config.pluginmanager.hasplugin("dsession"):
        return
    import torch  # noqa: PLC0415 (as above)

    from cnnviz.processes import launcher  # noqa: PLC0415
    from cnnviz.processes.fork_supervisor import ForkServerSupervisor  # noqa: PLC0415

    torch.set_num_threads(1)
    os.environ |= {"CNNVIZ_THREADS": "1", "CNNVIZ_NICENESS": "0"}
    launcher.FORK_SERVER = ForkServerSupervisor((*launcher.FORKABLE_MODULES, "tests.python_main"))
    launcher.FORK_SERVER.enable()
    atexit.register(launcher.FORK_SERVER.close)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two processes for the whole suite; none for what is named on the command line, which ends before they start."""
    return 2 if config.args_source == pytest.Config.ArgsSource.TESTPATHS else 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks slow tests, leaves out those of PostgreSQL unless asked for, and has some run last.

    Tests that load onnxruntime come last: whole runs in which it was loaded before torch trained have aborted.
    """
    for item in items:
        if any(item.path.is_relative_to(path) for path in SLOW):
            item.add_marker(pytest.mark.slow)
    if "postgres" not in config.option.markexpr:
        left_out = [item for item in items if item.get_closest_marker("postgres")]
        items[:] = [item for item in items if not item.get_closest_marker("postgres")]
        config.hook.pytest_deselected(items=left_out)
    items.sort(key=lambda item: any(item.path.is_relative_to(last) for last in RUN_LAST))


@pytest.fixture(scope="session")
def packages_read_once() -> Iterator[None]:
    """Each AppTest looks for components of Streamlit in all installed packages, which takes longer than most pages."""
    from streamlit.components.v2 import manifest_scanner  # noqa: PLC0415 (as above)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


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

    from cnnviz.runs.run import Status  # noqa: PLC0415 (as above)

    def wait(store: Store, run_id: str) -> Run:
        def look() -> bool:
            run = store.run(run_id)
            return run is not None and run.status not in (Status.QUEUED, Status.RUNNING)

        wait_for(look)
        run = store.run(run_id)
        assert run
        return run

    return wait
