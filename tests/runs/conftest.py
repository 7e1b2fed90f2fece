import time
from collections.abc import Callable

import pytest

from cnnviz.runs.run import Run, Status
from cnnviz.runs.store import Store

DEADLINE = 120.0

WaitFor = Callable[[Callable[[], object]], None]
Ended = Callable[[Store, str], Run]


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
