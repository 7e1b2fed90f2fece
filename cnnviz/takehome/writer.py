"""What leaves of a run: one of its files, all of them in a zip, or the run itself to MLflow."""

from cnnviz.errors import CnnvizError
from cnnviz.settings import settings
from cnnviz.takehome.files import FILE_WRITERS, FileInputs, write_zip
from cnnviz.takehome.pack import run_files
from cnnviz.takehome.request import ALL_FILES, MLFLOW
from cnnviz.takehome.run_archive import RunArchive
from cnnviz.takehome.tracking import log_to_mlflow


def write_file(name: str, archive: RunArchive) -> bytes:
    """Returns a file of FILE_WRITERS, the zip of ALL_FILES, or for MLFLOW the id of the run there."""
    limits = settings()
    inputs = FileInputs(archive, limits.goal)
    if name == ALL_FILES:
        return write_zip(inputs)
    if name == MLFLOW:
        files = run_files(archive)
        for file_name, make in FILE_WRITERS.items():
            try:
                files[file_name] = make(inputs)
            except CnnvizError:  # the student sees the reason when downloading this file
                continue
        return log_to_mlflow(archive, limits.mlflow_uri, files).encode()
    return FILE_WRITERS[name](inputs)
