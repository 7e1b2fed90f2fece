"""The process that makes files of a run: `python -m cnnviz.takehome.writer NAME`, a zip of `pack` as its input.

NAME is one of FILES, ALL or TRACKED; the answer is the file, or MLflow's name of the run.
"""

import sys

from cnnviz.errors import CnnvizError
from cnnviz.export.process import serve
from cnnviz.settings import settings
from cnnviz.takehome.files import FILES, everything, made
from cnnviz.takehome.pack import own
from cnnviz.takehome.request import ALL, NO_MEMORY, TRACKED, WIDE
from cnnviz.takehome.tracking import track
from cnnviz.takehome.unpack import unpack


def written(question: bytes) -> bytes:
    """The file that the command line names."""
    (name,) = sys.argv[1:]
    limits = settings()
    making = made(unpack(question, limits.model_copy(update=WIDE)), limits.goal)
    if name == ALL:
        return everything(making)
    if name == TRACKED:
        files = own(making.parcel)
        for each, make in FILES.items():
            try:
                files[each] = make(making)
            except CnnvizError:  # told where it is asked for by itself
                continue
        return track(making.parcel, limits.mlflow_uri, files).encode()
    return FILES[name](making)


if __name__ == "__main__":
    serve(written, no_memory=NO_MEMORY)
