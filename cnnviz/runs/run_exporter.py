"""The process that writes files of a stored run; its input is the id of the run."""

from functools import partial

from cnnviz.errors import DesignError
from cnnviz.processes.one_shot import serve
from cnnviz.runs.archives import read_archive
from cnnviz.runs.run_export import NO_MEMORY
from cnnviz.runs.store import Store
from cnnviz.settings import settings
from cnnviz.takehome.writer import write_file


def write_stored_run(name: str, request: bytes) -> bytes:
    """Returns a file of a run in the store of the settings."""
    limits = settings()
    store = Store(limits.data_dir, limits.database_url, is_prepared=True)
    try:
        run = store.run(request.decode())
        if run is None:
            raise DesignError("This run has been deleted.")
        archive = read_archive(store, run)
    finally:
        store.close()
    return write_file(name, archive)


def main(name: str) -> None:
    """Writes the file of this name."""
    serve(partial(write_stored_run, name), no_memory=NO_MEMORY)
