"""Files of a run from a process of its own: drawing takes a JavaScript engine, and writing them seconds of a core."""

from cnnviz.export.process import Process
from cnnviz.takehome.pack import pack
from cnnviz.takehome.parcel import Parcel

ALL, TRACKED = "all", "mlflow"
EVENTS = "tensorboard/events.out.tfevents.0.cnnviz"
"""The event file for TensorBoard."""
NO_MEMORY = "Writing this run needs more memory than the server has free. Take its weights and its points instead."
WIDE = {"max_parameters": 2**40}
"""Limits of this server's own runs: they were checked when they were begun."""
PROCESS = Process(
    module="cnnviz.takehome.writer",
    task="Writing this run",
    busy="Many runs are being written just now.",
    way_out="Try again when fewer nets train.",
    no_memory=NO_MEMORY,
)
TRACKING = Process(
    module="cnnviz.takehome.writer",
    task="Handing this run to MLflow",
    busy="Many runs are on their way to MLflow.",
    way_out="Ask whoever runs its server.",
    no_memory=NO_MEMORY,
)
"""With a turn of its own: a server that is slow holds up no files."""


def to_file(parcel: Parcel, name: str) -> bytes:
    """One of the files that a run leaves the app in, or with ALL the zip of all; some seconds, one at a time.

    With TRACKED the run is handed to the MLflow server of the settings, and the answer is its name there. Raises
    CnnvizError with the reason where it cannot be.
    """
    return (TRACKING if name == TRACKED else PROCESS).answer(pack(parcel, {}), name)
