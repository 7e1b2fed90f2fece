"""How the status of a run is told."""

from typing import NamedTuple

from cnnviz.runs.run import Status


class Badge(NamedTuple):
    """A word, a colour of Streamlit's, and a sign."""

    label: str
    colour: str
    icon: str


BADGES = {
    Status.QUEUED: Badge("waiting", "gray", ":material/hourglass_empty:"),
    Status.RUNNING: Badge("training", "blue", ":material/play_circle:"),
    Status.PAUSED: Badge("paused", "violet", ":material/pause_circle:"),
    Status.DONE: Badge("done", "green", ":material/check_circle:"),
    Status.STOPPED: Badge("stopped", "orange", ":material/stop_circle:"),
    Status.FAILED: Badge("failed", "red", ":material/error:"),
}
"""A badge for every status."""
