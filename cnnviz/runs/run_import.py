"""A run brought as a zip: read and stored by a process of its own, as strangers' bytes are not read in the server."""

from cnnviz.imports.messages import FilePath
from cnnviz.processes.one_shot import OneShotProcess
from cnnviz.processes.pipe import PipeMessage

NO_MEMORY = "Reading this zip needs more memory than the server gives it. Its run has too many points or predictions."
RUN_IMPORT_PROCESS = OneShotProcess(
    module="cnnviz.runs.run_importer",
    task="Reading this zip",
    busy="Many runs are being imported just now.",
    timeout_advice="Try again when fewer nets are training.",
    no_memory=NO_MEMORY,
    reassurance="Your runs are safe",
    timeout_seconds=120,
)


class RunImportOrder(PipeMessage):
    """Read a zip, and store its run."""

    path: FilePath
    run_id: str
    owner: str
    device: str


def import_run(order: RunImportOrder) -> None:
    """Stores the run in a zip under the id that the order names; takes seconds, one at a time.

    Raises CnnvizError with the reason where it cannot be read or stored; points of it may be stored then.
    """
    RUN_IMPORT_PROCESS.run(order.model_dump_json().encode())
