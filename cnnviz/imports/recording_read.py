"""A recording of a student, read by a process of its own: decoders are C code, and the bytes are a stranger's."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from cnnviz.data.browser_recording import MAX_RECORDING_BYTES, MAX_RECORDING_SECONDS
from cnnviz.errors import DataError, LimitError
from cnnviz.imports.messages import FilePath
from cnnviz.processes.one_shot import OneShotProcess
from cnnviz.processes.pipe import PipeMessage
from cnnviz.words import format_mebibytes, quote_name

NO_MEMORY = "Reading this recording needs more memory than the server gives it. Send a shorter one."
RECORDING_PROCESS = OneShotProcess(
    module="cnnviz.imports.recording_reader",
    task="Reading this recording",
    busy="Many recordings are being read just now.",
    timeout_advice="Send a shorter one.",
    no_memory=NO_MEMORY,
    refusal_error=DataError,
    timeout_seconds=20,
)


class RecordingOrder(PipeMessage):
    """Read a .wav, .flac or .ogg at a rate, in hertz."""

    path: FilePath
    name: str
    sample_rate: int


def read_whole_recording(path: Path, name: str, sample_rate: int) -> npt.NDArray[np.int16]:
    """Returns a whole sound file of at most a minute, (samples,) at `sample_rate`; its channels are averaged.

    Raises DataError and LimitError with the reason where it is none, or too long or large.
    """
    if (size := path.stat().st_size) > MAX_RECORDING_BYTES:
        raise LimitError(
            f"{quote_name(name)} takes {format_mebibytes(size)}; at most {format_mebibytes(MAX_RECORDING_BYTES)} and"
            f" {MAX_RECORDING_SECONDS} seconds are read here."
        )
    order = RecordingOrder(path=path, name=name, sample_rate=sample_rate)
    return np.frombuffer(RECORDING_PROCESS.run(order.model_dump_json().encode()), "<i2").copy()
