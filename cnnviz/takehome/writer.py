"""The process that writes files of a run: `python -m cnnviz.takehome.writer NAME`, with a zip by `pack` as its input.

NAME is a key of FILE_WRITERS, ALL_FILES or MLFLOW; the output is the file, or MLflow's id of the run.
"""

import sys

from cnnviz.errors import CnnvizError
from cnnviz.processes.one_shot import serve
from cnnviz.settings import settings
from cnnviz.takehome.files import FILE_WRITERS, draw_charts, write_zip
from cnnviz.takehome.pack import run_files
from cnnviz.takehome.request import ALL_FILES, MLFLOW, NO_MEMORY, OWN_RUN_LIMITS
from cnnviz.takehome.tracking import log_to_mlflow
from cnnviz.takehome.unpack import unpack


def handle_request(request: bytes) -> bytes:
    """Returns the file that the command line names, or MLflow's id of the run."""
    (name,) = sys.argv[1:]
    limits = settings()
    inputs = draw_charts(unpack(request, limits.model_copy(update=OWN_RUN_LIMITS)), limits.goal)
    if name == ALL_FILES:
        return write_zip(inputs)
    if name == MLFLOW:
        files = run_files(inputs.archive)
        for file_name, make in FILE_WRITERS.items():
            try:
                files[file_name] = make(inputs)
            except CnnvizError:  # the student sees the reason when downloading this file
                continue
        return log_to_mlflow(inputs.archive, limits.mlflow_uri, files).encode()
    return FILE_WRITERS[name](inputs)


if __name__ == "__main__":
    serve(handle_request, no_memory=NO_MEMORY)
