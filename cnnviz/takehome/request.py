"""Files of a run from a process of its own: drawing takes a JavaScript engine, and writing them seconds of a core."""

from cnnviz.processes.one_shot import OneShotProcess
from cnnviz.takehome.pack import pack
from cnnviz.takehome.run_archive import RunArchive

ALL_FILES, MLFLOW = "all", "mlflow"
EVENTS_FILE = "tensorboard/events.out.tfevents.0.cnnviz"
"""The event file for TensorBoard."""
NO_MEMORY = "Writing this run needs more memory than the server has free. Take its weights and its points instead."
OWN_RUN_LIMITS = {"max_parameters": 2**40}
"""Limits of this server's own runs: they were checked when they were begun."""
FILE_PROCESS = OneShotProcess(
    module="cnnviz.takehome.writer",
    task="Writing this run",
    busy="Many runs are being written just now.",
    timeout_advice="Try again when fewer nets train.",
    no_memory=NO_MEMORY,
)
MLFLOW_PROCESS = OneShotProcess(
    module="cnnviz.takehome.writer",
    task="Handing this run to MLflow",
    busy="Many runs are on their way to MLflow.",
    timeout_advice="Ask whoever runs its server.",
    no_memory=NO_MEMORY,
)
"""With a turn of its own: a server that is slow holds up no files."""


def export_run(archive: RunArchive, name: str) -> bytes:
    """One of the files that a run leaves the app in, or with ALL the zip of all; some seconds, one at a time.

    With TRACKED the run is handed to the MLflow server of the settings, and the answer is its name there. Raises
    CnnvizError with the reason where it cannot be.
    """
    return (MLFLOW_PROCESS if name == MLFLOW else FILE_PROCESS).run(pack(archive, {}), name)
