"""Checkpoint files: workers write them as drafts, the thread of their device puts them in place."""

import os
from contextlib import suppress
from pathlib import Path


class Checkpoints:
    """One file for each run that was begun, in the folder `checkpoints` of a data directory."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "checkpoints"
        self._folder.mkdir(parents=True, exist_ok=True)

    def find(self, run_id: str) -> Path | None:
        """Returns the run's checkpoint; None before it has one."""
        file = self._path(run_id)
        return file if file.is_file() else None

    def draft_path(self, run_id: str, number: int) -> Path:
        """Returns the path where a worker writes its next draft."""
        return self._folder / f"{run_id}.{os.getpid()}-{number}.draft"

    def commit(self, run_id: str, draft: str) -> None:
        """Replaces the run's checkpoint by a draft, whole or not at all."""
        with suppress(FileNotFoundError):  # done already, before an error caused another try
            (self._folder / Path(draft).name).replace(self._path(run_id))
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def discard_draft(self, draft: str) -> None:
        """Deletes a draft that is not needed."""
        (self._folder / Path(draft).name).unlink(missing_ok=True)

    def delete(self, run_id: str) -> None:
        """Deletes the run's checkpoint."""
        self._path(run_id).unlink(missing_ok=True)

    def delete_drafts(self) -> None:
        """Deletes drafts of workers that have died."""
        for draft in self._folder.glob("*.draft"):
            draft.unlink(missing_ok=True)

    def _path(self, run_id: str) -> Path:
        return self._folder / f"{run_id}.safetensors"
