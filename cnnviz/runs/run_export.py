"""Files of a run, written by a process of its own: it takes a JavaScript engine, seconds of a core, and all points."""

from cnnviz.processes.one_shot import OneShotProcess
from cnnviz.takehome.request import MLFLOW

NO_MEMORY = "Writing this run needs more memory than the server has free. Download its weights and its points instead."
FILE_PROCESS = OneShotProcess(
    module="cnnviz.runs.run_exporter",
    task="Writing this run",
    busy="Many runs are being written just now.",
    timeout_advice="Try again when fewer nets are training.",
    no_memory=NO_MEMORY,
)
MLFLOW_PROCESS = OneShotProcess(
    module="cnnviz.runs.run_exporter",
    task="Sending this run to MLflow",
    busy="Many runs are being sent to MLflow just now.",
    timeout_advice="Ask the administrator of the MLflow server.",
    no_memory=NO_MEMORY,
)
"""Process for MLflow, separate so that a slow MLflow server delays no files."""


def export_run(run_id: str, name: str) -> bytes:
    """Returns the file `name` of a stored run, or the zip of all files for ALL_FILES; one request at a time.

    MLFLOW sends the run to the MLflow server of the settings and returns its id there. Raises CnnvizError with the
    reason when the file cannot be written or the run cannot be sent.
    """
    return (MLFLOW_PROCESS if name == MLFLOW else FILE_PROCESS).run(run_id.encode(), name)
