"""The weights of what was handed in, in files that nothing changes any more."""

import logging
from pathlib import Path

from cnnviz.classroom.submission import Submission, weights_digest
from cnnviz.errors import CnnvizError

log = logging.getLogger(__name__)


class SubmissionWeights:
    """The files of a folder, one for each submission."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self) -> None:
        """Makes the folder, which the server's user alone can read."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, submission_id: str) -> Path:
        """Returns where the weights of a submission lie, or will."""
        return self._folder / f"{submission_id}.safetensors"

    def write(self, submission_id: str, weights: bytes) -> None:
        """Writes the weights of a new submission, whole or not at all."""
        file = self.path(submission_id)
        temporary = file.with_suffix(".draft")
        temporary.write_bytes(weights)
        temporary.replace(file)

    def read(self, submission: Submission) -> bytes:
        """Returns the weights of a submission; raises CnnvizError where their file is gone or damaged."""
        try:
            weights = self.path(submission.id).read_bytes()
        except FileNotFoundError:
            weights = b""
        if weights_digest(weights) != submission.weights_digest:
            log.error("the weights of submission %s are damaged", submission.id)
            raise CnnvizError(
                "The weights of this submission are damaged: the server's disk has changed their file. Tell whoever"
                " runs the server."
            )
        return weights
