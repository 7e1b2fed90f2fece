"""One picture of a student, read by a process of its own: decoders are C code, and the bytes are a stranger's."""

from pathlib import Path

import numpy as np

from cnnviz.data.arrays import Samples
from cnnviz.errors import DataError, LimitError
from cnnviz.imports.messages import FilePath
from cnnviz.processes.one_shot import OneShotProcess
from cnnviz.processes.pipe import PipeMessage
from cnnviz.shapes import Shape
from cnnviz.words import format_mebibytes

NO_MEMORY = "Reading this picture needs more memory than the server gives it. Send a smaller one."
PICTURE_PROCESS = OneShotProcess(
    module="cnnviz.imports.picture_reader",
    task="Reading this picture",
    busy="Many pictures are being read just now.",
    timeout_advice="Send a smaller one.",
    no_memory=NO_MEMORY,
    refusal_error=DataError,
    timeout_seconds=20,
)
MAX_PICTURE_BYTES = 16 * 2**20


class PictureOrder(PipeMessage):
    """Read a .png or .jpg in a shape, (1 or 3, height, width)."""

    path: FilePath
    name: str
    shape: Shape


def read_one_picture(path: Path, name: str, shape: Shape) -> Samples:
    """Returns a .png or .jpg as `read_picture` does, (*shape); raises DataError and LimitError with the reason."""
    if (size := path.stat().st_size) > MAX_PICTURE_BYTES:
        raise LimitError(
            f"This picture takes {format_mebibytes(size)}; at most {format_mebibytes(MAX_PICTURE_BYTES)} are read here."
        )
    answer = PICTURE_PROCESS.run(PictureOrder(path=path, name=name, shape=shape).model_dump_json().encode())
    return np.frombuffer(answer, "<f4").reshape(shape).copy()
