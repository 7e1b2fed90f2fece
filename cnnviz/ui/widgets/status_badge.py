"""Badges for the status of a run."""

from typing import NamedTuple

from cnnviz.runs.run import Status


class StatusBadge(NamedTuple):
    """A label, one of Streamlit's colours, and a Material icon."""

    label: str
    colour: str
    icon: str


STATUS_BADGES = {
    Status.QUEUED: StatusBadge("waiting", "gray", ":material/hourglass_empty:"),
    Status.RUNNING: StatusBadge("training", "blue", ":material/play_circle:"),
    Status.PAUSED: StatusBadge("paused", "violet", ":material/pause_circle:"),
    Status.DONE: StatusBadge("done", "green", ":material/check_circle:"),
    Status.STOPPED: StatusBadge("stopped", "orange", ":material/stop_circle:"),
    Status.FAILED: StatusBadge("failed", "red", ":material/error:"),
}
"""Status of a run → its badge."""
