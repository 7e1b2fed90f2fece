"""Files of a run, written by a process of its own: it takes a JavaScript engine, seconds of a core, and all points."""

from cnnviz.processes.one_shot import OneShotProcess
from cnnviz.takehome.request import EVENTS_FILE, MLFLOW

NO_MEMORY = "Writing this run needs more memory than the server has free. Download its weights and its points instead."
QUICK_FILES = ("train.py", EVENTS_FILE)
"""Files that take a moment, without a chart to draw or a net to trace."""


def _file_process() -> OneShotProcess:
    return OneShotProcess(
        module="cnnviz.runs.run_exporter",
        task="Writing this run",
        busy="Many runs are being written just now.",
        timeout_advice="Try again when fewer nets are training.",
        no_memory=NO_MEMORY,
    )


FILE_PROCESS, QUICK_FILE_PROCESS = _file_process(), _file_process()
"""Process for most files, and one for QUICK_FILES, which need not wait behind them."""
MLFLOW_PROCESS = OneShotProcess(
    module="cnnviz.runs.run_exporter",
    task="Sending this run to MLflow",
    busy="Many runs are being sent to MLflow just now.",
    timeout_advice="Ask the administrator of the MLflow server.",
    no_memory=NO_MEMORY,
)
"""Process for MLflow, separate so that a slow MLflow server delays no files."""


def export_run(run_id: str, name: str) -> bytes:
    """Returns the file `name` of a stored run, or the zip of all files for ALL_FILES; one of each kind at a time.

    MLFLOW sends the run to the MLflow server of the settings and returns its id there. Raises CnnvizError with the
    reason when the file cannot be written or the run cannot be sent.
    """
    process = MLFLOW_PROCESS if name == MLFLOW else QUICK_FILE_PROCESS if name in QUICK_FILES else FILE_PROCESS
    return process.run(run_id.encode(), name)
