"""The process that writes files of a run; its input is a zip by `pack`."""

from functools import partial

from cnnviz.errors import CnnvizError
from cnnviz.processes.one_shot import serve
from cnnviz.settings import settings
from cnnviz.takehome.files import FILE_WRITERS, FileInputs, write_zip
from cnnviz.takehome.pack import run_files
from cnnviz.takehome.request import ALL_FILES, MLFLOW, NO_MEMORY, OWN_RUN_LIMITS
from cnnviz.takehome.tracking import log_to_mlflow
from cnnviz.takehome.unpack import unpack


def write_file(name: str, request: bytes) -> bytes:
    """Returns a file of FILE_WRITERS, the zip of ALL_FILES, or for MLFLOW the id of the run there."""
    limits = settings()
    inputs = FileInputs(unpack(request, limits.model_copy(update=OWN_RUN_LIMITS)), limits.goal)
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


def main(name: str) -> None:
    """Writes the file of this name."""
    serve(partial(write_file, name), no_memory=NO_MEMORY)
