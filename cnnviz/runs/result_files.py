"""Files beside the database: the weights of a run's best epoch, and its predictions on the test samples."""

import logging
from pathlib import Path

from cnnviz.digests import add_digest, has_changed
from cnnviz.errors import TrainingError

log = logging.getLogger(__name__)

TEMPORARY_SUFFIX = ".draft"


class ResultFiles:
    """Safetensors files of runs in `folder`/weights/ and `folder`/predictions/, each with a digest of its content."""

    def __init__(self, folder: Path) -> None:
        self._weights, self._predictions = folder / "weights", folder / "predictions"
        for directory in (self._weights, self._predictions):
            directory.mkdir(parents=True, exist_ok=True)

    def write_weights(self, run_id: str, content: bytes) -> str:
        """Stores the weights of a run, whole or not at all; returns the name of their file."""
        file = self._weights / f"{run_id}.safetensors"
        _write_atomically(file, content)
        return file.name

    def write_predictions(self, run_id: str, content: bytes) -> None:
        """Stores the predictions of a run, whole or not at all."""
        _write_atomically(self._predictions / f"{run_id}.safetensors", content)

    def read_weights(self, name: str) -> bytes | None:
        """Returns the weights in a file; None when it is gone; raises TrainingError when its content has changed."""
        return _read_intact(self._weights / name, "weights")

    def read_predictions(self, run_id: str) -> bytes | None:
        """Returns the predictions of a run; None without any; raises TrainingError when their content has changed."""
        return _read_intact(self._predictions / f"{run_id}.safetensors", "predictions on the test samples")

    def delete(self, run_id: str) -> None:
        """Deletes the files of a run."""
        for directory in (self._weights, self._predictions):
            (directory / f"{run_id}.safetensors").unlink(missing_ok=True)

    def delete_temporary_files(self) -> None:
        """Deletes what interrupted writes have left; only while nothing is written."""
        for directory in (self._weights, self._predictions):
            for file in directory.glob(f"*{TEMPORARY_SUFFIX}"):
                file.unlink(missing_ok=True)


def _write_atomically(file: Path, content: bytes) -> None:
    temporary_file = file.with_suffix(TEMPORARY_SUFFIX)
    temporary_file.write_bytes(add_digest(content))
    temporary_file.replace(file)


def _read_intact(file: Path, what: str) -> bytes | None:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    if has_changed(content):
        log.error("%s is damaged", file)
        raise TrainingError(
            f"The {what} of this run are damaged: the server's disk has changed their file. Train it again, and tell"
            " whoever runs the server."
        )
    return content
