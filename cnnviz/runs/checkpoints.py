"""Checkpoint files: workers write temporary files, the thread of their device puts them in place."""

import os
from contextlib import suppress
from pathlib import Path


class Checkpoints:
    """One file for each run that was begun, in the folder `checkpoints` of a data directory."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "checkpoints"
        self._folder.mkdir(parents=True, exist_ok=True)

    def find(self, run_id: str) -> Path | None:
        """Returns the run's last checkpoint; None before it has one."""
        return next(iter(self.find_all(run_id)), None)

    def find_all(self, run_id: str) -> list[Path]:
        """Returns the run's last checkpoint and the one before it, in case the last one is damaged on the disk."""
        return [file for file in (self._path(run_id), self._earlier_path(run_id)) if file.is_file()]

    def temporary_path(self, run_id: str, number: int) -> Path:
        """Returns the path of the temporary file that a worker writes next."""
        return self._folder / f"{run_id}.{os.getpid()}-{number}.draft"

    def commit(self, run_id: str, temporary_name: str) -> None:
        """Makes a temporary file the run's checkpoint, whole or not at all; the one before it is kept beside it."""
        temporary_file = self._folder / Path(temporary_name).name
        if temporary_file.is_file():  # else done already, before an error caused another try
            with suppress(FileNotFoundError):
                self._path(run_id).replace(self._earlier_path(run_id))
            temporary_file.replace(self._path(run_id))
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def temporary_names(self, run_id: str) -> list[str]:
        """Returns the names of the run's temporary files: what is being written, or was when its worker died."""
        return [file.name for file in self._folder.glob(f"{run_id}.*.draft")]

    def discard(self, temporary_name: str) -> None:
        """Deletes a temporary file that is not needed, unless it is a checkpoint by now."""
        (self._folder / Path(temporary_name).name).unlink(missing_ok=True)

    def delete(self, run_id: str) -> None:
        """Deletes the run's checkpoints."""
        for file in (self._path(run_id), self._earlier_path(run_id)):
            file.unlink(missing_ok=True)

    def delete_temporary_files(self) -> None:
        """Deletes temporary files of workers that have died."""
        for temporary_file in self._folder.glob("*.draft"):
            temporary_file.unlink(missing_ok=True)

    def _path(self, run_id: str) -> Path:
        return self._folder / f"{run_id}.safetensors"

    def _earlier_path(self, run_id: str) -> Path:
        return self._folder / f"{run_id}.earlier.safetensors"
