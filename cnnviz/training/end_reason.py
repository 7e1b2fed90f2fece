"""The reasons for which a run can end before its last epoch."""

from enum import StrEnum


class EndReason(StrEnum):
    """Reason why a run was stopped, failed, or ended early; stored runs have these values, so they must not change."""

    NONE = "none"
    """The run goes on, has trained all its epochs, or ended for an unrecorded reason."""
    EARLY_STOPPING = "early-stopping"
    """For `TrainConfig.patience` epochs, none was better than the best before."""
    STUDENT = "student"
    """The student who owns the run stopped it."""
    TEACHER = "teacher"
    """A teacher stopped it."""
    SEARCH = "search"
    """The search that it belongs to stopped it, because other runs were better or the search was over."""
    SEEDS_DECIDED = "seeds-decided"
    """It never began: other seeds of the same net and settings had decided what it was to decide."""
    TIME_LIMIT = "time-limit"
    """It used up the device time that the server allows a run."""
    DIVERGED = "diverged"
    """Its loss became NaN or infinite."""
    OUT_OF_MEMORY = "out-of-memory"
    """The device had too little memory for a step."""
    WORKER_DIED = "worker-died"
    """The process that trained it died, again and again at the same step."""
    REFUSED = "refused"
    """It could not begin, for example because its data set is gone."""
    INTERNAL_ERROR = "internal-error"
    """An error inside cnnviz."""


MESSAGE_BEGINNINGS = {
    "Ended after epoch ": EndReason.EARLY_STOPPING,
    "Stopped after ": EndReason.TIME_LIMIT,
    "Stopped by its search": EndReason.SEARCH,
    "Stopped with its search": EndReason.SEARCH,
    "Stopped: ": EndReason.SEARCH,
    "The training needs more memory": EndReason.OUT_OF_MEMORY,
    "The training process ": EndReason.WORKER_DIED,
    "The training stopped on an error inside cnnviz": EndReason.INTERNAL_ERROR,
}
"""Reasons by the beginning of the message, for runs of cnnviz versions that stored no reason."""


def reason_from_message(status: str, message: str) -> EndReason:
    """Returns the reason of a run that was stored without one, judging by its status and message.

    >>> reason_from_message("failed", "The batch loss stopped being a number at step 3: the training diverged.")
    <EndReason.DIVERGED: 'diverged'>
    >>> reason_from_message("stopped", "")
    <EndReason.STUDENT: 'student'>
    """
    if "diverged" in message:
        return EndReason.DIVERGED
    for beginning, reason in MESSAGE_BEGINNINGS.items():
        if message.startswith(beginning):
            return reason
    return EndReason.STUDENT if status == "stopped" else EndReason.NONE


def parse_end_reason(text: str | None, status: str, message: str) -> EndReason:
    """Returns the reason with this value; for an unknown value, the one that status and message suggest.

    >>> parse_end_reason("time-limit", "stopped", "")
    <EndReason.TIME_LIMIT: 'time-limit'>
    """
    known = next((reason for reason in EndReason if reason == text), None)
    return known or reason_from_message(status, message)
