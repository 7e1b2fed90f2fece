"""Requests for files of a run, written in a separate process: that takes a JavaScript engine and seconds of a core."""

from cnnviz.processes.one_shot import OneShotProcess
from cnnviz.takehome.pack import pack
from cnnviz.takehome.run_archive import RunArchive

ALL_FILES, MLFLOW = "all", "mlflow"
EVENTS_FILE = "tensorboard/events.out.tfevents.0.cnnviz"
"""The event file for TensorBoard."""
SCALING_ONNX = "model-with-scaling.onnx"
"""The trained net as ONNX behind the scaling of its samples."""
NO_MEMORY = "Writing this run needs more memory than the server has free. Download its weights and its points instead."
OWN_RUN_LIMITS = {"max_parameters": 2**40}
"""Settings for reading this server's own runs, whose size was checked when they were submitted."""
FILE_PROCESS = OneShotProcess(
    module="cnnviz.takehome.writer",
    task="Writing this run",
    busy="Many runs are being written just now.",
    timeout_advice="Try again when fewer nets are training.",
    no_memory=NO_MEMORY,
)
MLFLOW_PROCESS = OneShotProcess(
    module="cnnviz.takehome.writer",
    task="Sending this run to MLflow",
    busy="Many runs are being sent to MLflow just now.",
    timeout_advice="Ask the administrator of the MLflow server.",
    no_memory=NO_MEMORY,
)
"""Process for MLflow, separate so that a slow MLflow server delays no files."""


def export_run(archive: RunArchive, name: str) -> bytes:
    """Returns the file `name` of a run, or the zip of all files for ALL_FILES; takes seconds, one request at a time.

    MLFLOW sends the run to the MLflow server of the settings and returns its id there. Raises CnnvizError with the
    reason when the file cannot be written or the run cannot be sent.
    """
    return (MLFLOW_PROCESS if name == MLFLOW else FILE_PROCESS).run(pack(archive, {}), name)
