"""Arrays of a student: read and stored by a process of its own, as strangers' bytes are not read in the server."""

from cnnviz.errors import DataError
from cnnviz.imports.messages import FilePath
from cnnviz.processes.one_shot import OneShotProcess
from cnnviz.processes.pipe import PipeMessage

NO_MEMORY = "Reading these files needs more memory than the server gives it. Send fewer samples."
ARRAYS_PROCESS = OneShotProcess(
    module="cnnviz.imports.arrays_importer",
    task="Reading these files",
    busy="Many files are being read just now.",
    timeout_advice="Send fewer samples, or try again when fewer nets train.",
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


def import_arrays(order: ArraysOrder) -> str:
    """Returns the name of the new data set; raises CnnvizError with the reason where it cannot be read or stored."""
    return ARRAYS_PROCESS.run(order.model_dump_json().encode()).decode()
