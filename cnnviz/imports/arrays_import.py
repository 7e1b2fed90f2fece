"""Arrays of a student: read and stored by a process of its own, as strangers' bytes are not read in the server."""

from typing import Any

from cnnviz.data.channels import ChannelPlace
from cnnviz.errors import DataError
from cnnviz.imports.messages import FilePath
from cnnviz.processes.one_shot import OneShotProcess
from cnnviz.processes.pipe import PipeMessage
from cnnviz.shapes import Shape

NO_MEMORY = "Reading these files needs more memory than the server gives it. Send fewer samples."
ARRAYS_PROCESS = OneShotProcess(
    module="cnnviz.imports.arrays_importer",
    task="Reading these files",
    busy="Many files are being read just now.",
    timeout_advice="Send fewer samples, or try again when fewer nets are training.",
    no_memory=NO_MEMORY,
    refusal_error=DataError,
)


class ArraysOrder(PipeMessage):
    """Read features and labels from two .npy files, or from one .npz, into an upload."""

    owner: str
    title: str
    feats: FilePath
    """The features, or the .npz."""
    labels: FilePath | None = None
    """The labels; None for a .npz."""
    channels: ChannelPlace = "unknown"


class ArraysAnswer(PipeMessage):
    """What has become of an order: a data set, or a question where the channels of its samples are."""

    name: str = ""
    """Name of the new data set."""
    question: str = ""
    shape: Shape = ()
    """Shape of the samples in question, (N, …)."""
    sample: Any = None
    """The first of them as nested lists, with fewer values where it is large."""


def import_arrays(order: ArraysOrder) -> ArraysAnswer:
    """Reads and stores arrays; raises CnnvizError with the reason where they cannot be read or stored."""
    return ArraysAnswer.model_validate_json(ARRAYS_PROCESS.run(order.model_dump_json().encode()))
