"""Data sets to train on: those that come with cnnviz, those of the class, and each student's own."""

from cnnviz.data.dataset import Dataset
from cnnviz.data.digits import DIGITS
from cnnviz.data.spoken_words import WORDS, WORDS_BANDS, WORDS_RAW
from cnnviz.data.uploads import Quota, Uploads
from cnnviz.data.voxels import VOXELS
from cnnviz.errors import DataError
from cnnviz.settings import Settings, settings

DATASETS: dict[str, Dataset] = {
    "words": WORDS,
    "words-bands": WORDS_BANDS,
    "words-raw": WORDS_RAW,
    "digits": DIGITS,
    "voxels": VOXELS,
}
"""Every data set that comes with cnnviz, by name."""


CLASS_OWNER = "0" * 32
"""Owner of the data sets that everybody may use."""


def own_uploads(limits: Settings | None = None) -> Uploads:
    """Returns the data sets that the students of this server have uploaded."""
    limits = limits or settings()
    quota = Quota(limits.max_uploads, limits.max_owner_bytes, limits.max_uploads_bytes)
    return Uploads(limits.data_dir / "uploads", quota)


def shared_uploads(limits: Settings | None = None) -> Uploads:
    """Returns the data sets made from the archives in CNNVIZ_DATASETS_DIR; all of them belong to `CLASS_OWNER`."""
    return Uploads((limits or settings()).data_dir / "shared", Quota(10_000))


def assignment_uploads(limits: Settings | None = None) -> Uploads:
    """Returns what teachers have left to the class of data sets with a hidden test; all belong to `CLASS_OWNER`."""
    return Uploads((limits or settings()).data_dir / "assignment-data", Quota(10_000))


def available_datasets(owner: str) -> dict[str, Dataset]:
    """Returns what a student can train on: the built-in data sets, those of the class, then the student's own."""
    of_class = shared_uploads().datasets_of(CLASS_OWNER) | assignment_uploads().datasets_of(CLASS_OWNER)
    return DATASETS | of_class | own_uploads().datasets_of(owner)


def find_dataset(name: str, owner: str) -> Dataset:
    """Returns the data set of this name if `owner` may use it; raises DataError when there is none."""
    try:
        return available_datasets(owner)[name]
    except KeyError:
        raise DataError(f"There is no data set “{name[:80]}” here any more; choose another one.") from None
