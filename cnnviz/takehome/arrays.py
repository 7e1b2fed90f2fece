"""Samples of a data set as .npy files, which the downloaded training script reads."""

import io
import zipfile

import numpy as np
import numpy.typing as npt

from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset
from cnnviz.errors import LimitError
from cnnviz.shapes import numel
from cnnviz.words import format_mebibytes

FEATS_FILE, LABELS_FILE, PARTS_FILE = "feats.npy", "labels.npy", "parts.npz"
"""Samples (N, *shape) float32, class numbers (N,) int64, and the rows of each part where the split is not the lab's."""


def arrays_zip(content: Content, split_kind: str, max_bytes: int) -> bytes:
    """Returns a zip of FEATS_FILE, LABELS_FILE and, unless the split is random, which the script repeats, PARTS_FILE.

    Raises LimitError when the samples take more than `max_bytes` bytes.
    """
    if refusal := _size_refusal(content.x.nbytes, max_bytes):
        raise LimitError(refusal)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(FEATS_FILE, _to_npy(np.asarray(content.x, np.float32)))
        archive.writestr(LABELS_FILE, _to_npy(np.asarray(content.y, np.int64)))
        if split_kind != "random":
            stream = io.BytesIO()
            train, validation, test = content.split_indices(split_kind)
            np.savez(stream, train=train, validation=validation, test=test)
            archive.writestr(PARTS_FILE, stream.getvalue())
    return file.getvalue()


def samples_refusal(dataset: Dataset, max_bytes: int) -> str | None:
    """Returns why the samples of a data set are too many for `arrays_zip`; None if they are not."""
    return _size_refusal(dataset.size * numel(dataset.shape) * np.dtype(np.float32).itemsize, max_bytes)


def _size_refusal(size: int, max_bytes: int) -> str | None:
    if size <= max_bytes:
        return None
    return (
        f"These samples take {format_mebibytes(size)}; this server writes files of at most"
        f" {format_mebibytes(max_bytes)}. Its administrator can raise CNNVIZ_MAX_EXPORT_BYTES."
    )


def _to_npy(values: npt.NDArray[np.generic]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=False)
    return stream.getvalue()
