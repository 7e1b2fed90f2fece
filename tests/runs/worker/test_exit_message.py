"""What is said of a worker that died: what is known, and memory only where it was short."""

import pytest

from cnnviz.runs.worker.exit_message import exit_message

MB = 2**20


@pytest.mark.parametrize(
    ("code", "used", "free", "cause", "advice"),
    [
        (-9, 3900 * MB, 4000 * MB, "signal 9, SIGKILL", "Memory was most likely short"),
        (-9, 400 * MB, 4000 * MB, "signal 9, SIGKILL", "Start the run again"),  # somebody has killed it
        (-9, None, 100 * MB, "signal 9, SIGKILL", "Start the run again"),
        (-11, 3900 * MB, 4000 * MB, "signal 11, SIGSEGV", "Start the run again"),
        (3, 400 * MB, 4000 * MB, "exit code 3", "Start the run again"),
    ],
)
def test_the_cause_is_named_and_memory_where_it_was_short(
    code: int, used: int | None, free: int, cause: str, advice: str
) -> None:
    message = exit_message(code, 1234, used, free)
    assert f"({cause}), twice after step 1,234." in message
    assert advice in message
    assert ("most likely short" in message) == advice.startswith("Memory")
    assert f"{free // MB:,} MiB free" in message or f"{free // MB:,} MiB of memory free" in message
    assert used is None or f"It took {used // MB:,} MiB of memory" in message
