"""Files from which runs go on: written by workers as drafts, made to count by the thread of their device."""

import os
from contextlib import suppress
from pathlib import Path


class Checkpoints:
    """One file for each run that was begun, in the folder `checkpoints` of a data directory."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "checkpoints"
        self._folder.mkdir(parents=True, exist_ok=True)

    def find(self, run_id: str) -> Path | None:
        """The run's checkpoint; None before it has one."""
        file = self._path(run_id)
        return file if file.is_file() else None

    def draft_path(self, run_id: str, number: int) -> Path:
        """Where a worker writes the next one."""
        return self._folder / f"{run_id}.{os.getpid()}-{number}.draft"

    def commit(self, run_id: str, draft: str) -> None:
        """Let a draft take the place of the run's checkpoint, at once or not at all."""
        with suppress(FileNotFoundError):  # done already, before an error let it be tried again
            (self._folder / Path(draft).name).replace(self._path(run_id))
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def discard_draft(self, draft: str) -> None:
        """Remove a draft that counts for nothing."""
        (self._folder / Path(draft).name).unlink(missing_ok=True)

    def delete(self, run_id: str) -> None:
        """Forget the run's checkpoint."""
        self._path(run_id).unlink(missing_ok=True)

    def delete_drafts(self) -> None:
        """Remove drafts of workers that are no more."""
        for draft in self._folder.glob("*.draft"):
            draft.unlink(missing_ok=True)

    def _path(self, run_id: str) -> Path:
        return self._folder / f"{run_id}.safetensors"
