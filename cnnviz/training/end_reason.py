"""Why a run ended before its last epoch."""

from enum import StrEnum


class EndReason(StrEnum):
    """Why a run was stopped, failed, or ended before its last epoch; stored with it, so the values stay."""

    NONE = "none"
    """The run goes on, has trained all its epochs, or ended for a reason that nobody has noted."""
    EARLY_STOPPING = "early-stopping"
    """No better epoch came for as many epochs as `TrainConfig.patience`."""
    STUDENT = "student"
    """Its student stopped it."""
    SEARCH = "search"
    """Its search stopped it: it fell behind, or the search was over."""
    TIME_LIMIT = "time-limit"
    """It had as much of the device's time as the server gives to a run."""
    DIVERGED = "diverged"
    """Its loss was no number any more."""
    OUT_OF_MEMORY = "out-of-memory"
    """The device had too little memory for a step."""
    WORKER_DIED = "worker-died"
    """The process that trained it died, again and again at the same step."""
    REFUSED = "refused"
    """It could not begin: its data set is gone, for example."""
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
"""How messages began in versions of cnnviz that stored no reason."""


def reason_from_message(status: str, message: str) -> EndReason:
    """Returns the reason of a run that was stored without one, read off its status and message.

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
    """Returns the reason with this value; one that is not known is read off status and message.

    >>> parse_end_reason("time-limit", "stopped", "")
    <EndReason.TIME_LIMIT: 'time-limit'>
    """
    known = next((reason for reason in EndReason if reason == text), None)
    return known or reason_from_message(status, message)
