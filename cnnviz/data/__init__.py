"""The data sets that can be learned."""

from cnnviz.data.base import Dataset
from cnnviz.data.digits import DIGITS
from cnnviz.data.uploads import Uploads
from cnnviz.data.voxels import VOXELS
from cnnviz.data.words import WORDS, WORDS_BANDS, WORDS_RAW
from cnnviz.errors import DataError
from cnnviz.settings import settings

DATASETS: dict[str, Dataset] = {
    "digits": DIGITS,
    "words": WORDS,
    "words-bands": WORDS_BANDS,
    "words-raw": WORDS_RAW,
    "voxels": VOXELS,
}
"""Every data set that comes with cnnviz, by name."""


def uploads() -> Uploads:
    """The uploads of this server."""
    return Uploads(settings().data_dir / "uploads", settings().max_uploads)


def available(owner: str) -> dict[str, Dataset]:
    """What this student can train on: the built-in data sets, then the student's own."""
    return DATASETS | uploads().of(owner)


def find(name: str, owner: str) -> Dataset:
    """A data set by its name, as far as `owner` may use it; raises DataError when there is none."""
    try:
        return available(owner)[name]
    except KeyError:
        raise DataError(f"There is no data set “{name[:80]}” here any more; choose another one.") from None
