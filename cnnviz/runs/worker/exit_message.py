"""What is known of the death of a worker, in words for the student whose run was on it."""

import signal

from cnnviz.words import format_mebibytes

MEMORY_SHARE = 0.8
"""Share of the memory that was there for a worker, above which it was most likely short."""


def exit_message(code: int, step: int, used_bytes: int | None, free_bytes: int) -> str:
    """Returns how a worker ended that died twice after the same step, and what its student can do.

    `code` is its exit code, or the negative number of the signal that killed it; `used_bytes` what it took when that
    was last measured, if it was; `free_bytes` what is free now, without it.
    """
    known = f"The training process ended unexpectedly ({_cause(code)}), twice after step {step:,}."
    if used_bytes is None:
        memory = f" The server has {format_mebibytes(free_bytes)} of memory free without it."
    else:
        memory = (
            f" It took {format_mebibytes(used_bytes)} of memory when that was last measured; without it the server has"
            f" {format_mebibytes(free_bytes)} free."
        )
    if code == -signal.SIGKILL and used_bytes is not None and used_bytes > MEMORY_SHARE * free_bytes:
        return f"{known}{memory} Memory was most likely short: use a smaller batch size or a smaller net."
    return f"{known}{memory} Start the run again; if it ends like this again, tell whoever runs the server."


def _cause(code: int) -> str:
    """Returns the signal or the exit code.

    >>> _cause(-9), _cause(3)
    ('signal 9, SIGKILL', 'exit code 3')
    """
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {-code}, {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
