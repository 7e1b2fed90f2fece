"""The process that reads the zip of a run and stores the run."""

from cnnviz.processes.one_shot import serve
from cnnviz.runs.archives import run_from_archive, write_tasks
from cnnviz.runs.run_import import NO_MEMORY, RunImportOrder
from cnnviz.runs.store import Store
from cnnviz.settings import settings
from cnnviz.takehome.unpack import unpack


def store_run(request: bytes) -> bytes:
    """Stores the run of a zip; raises CnnvizError with the reason where it cannot be read."""
    order, limits = RunImportOrder.model_validate_json(request), settings()
    archive = unpack(order.path.read_bytes(), limits)
    store = Store(limits.data_dir, limits.database_url, is_prepared=True)
    try:
        for task in write_tasks(store, run_from_archive(order.run_id, order.owner, order.device, archive), archive):
            task()
    finally:
        store.close()
    return b""


def main() -> None:
    """Stores one run."""
    serve(store_run, no_memory=NO_MEMORY)
