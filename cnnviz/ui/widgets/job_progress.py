"""The bar of a job that another process does for a page: how far it is, and what it waits for."""

from collections.abc import Iterator
from contextlib import contextmanager

from streamlit.delta_generator import DeltaGenerator

from cnnviz.processes.one_shot import OnProgress
from cnnviz.ui.reruns import send_now

WAITING = "Waiting for the jobs before it: of each kind, the server does one at a time."


@contextmanager
def job_progress(placeholder: DeltaGenerator, text: str) -> Iterator[OnProgress]:
    """Draws a bar in an empty element, yields what tells it how far the job is, and takes it away at the end."""
    send_now()
    bar = placeholder.progress(0.0, text)

    def report(share: float | None) -> None:
        bar.progress(share or 0.0, text if share is not None else f"{text} {WAITING}")

    try:
        yield report
    finally:
        placeholder.empty()
