"""Reads and checks samples and labels as the lab stores them: feats.npy and labels.npy, or both in one .npz."""

import sys

import numpy as np
import numpy.typing as npt

from cnnviz.architecture import MAX_SIZE
from cnnviz.data.archive import ZipArchive
from cnnviz.data.arrays import Labels, Samples
from cnnviz.data.channels import ChannelPlace, place_channels
from cnnviz.data.classes import MAX_CLASS_NAME_LENGTH, MAX_CLASSES, check_class_counts
from cnnviz.data.content import Content
from cnnviz.data.npy import read_npy
from cnnviz.errors import DataError
from cnnviz.words import format_mebibytes, quote_name

MAX_LABEL_BYTES = 64 * 2**20
SAMPLE_ARRAY_NAMES = ("feats", "features", "x", "data")
LABEL_ARRAY_NAMES = ("labels", "label", "y", "target", "targets")
"""Names of the arrays in a .npz; upper or lower case does not matter."""

_MAX_HEADER_BYTES = 2**16
"""Limit on what precedes the values in a .npy file."""
_NamedFile = tuple[str, bytes]
"""Name of a .npy file for messages, and its content."""


def read_pair(feats: bytes, labels: bytes, max_bytes: int, channels: ChannelPlace = "unknown") -> Content:
    """Reads a data set from two files; (N, H, W) gets a channel axis, labels become class numbers 0, 1, 2, …

    Raises DataError for the first thing that is wrong, ChannelsUnknownError where they may be last.
    """
    return _read_pair(("feats.npy", feats), ("labels.npy", labels), max_bytes, channels)


def read_npz(content: bytes, max_bytes: int, channels: ChannelPlace = "unknown") -> Content:
    """Reads a .npz with one array of samples (feats, features, x or data) and one of labels (labels, y or target).

    Raises DataError like `read_pair`, and when the names do not identify the two arrays.
    """
    if content[:2] != b"PK":
        raise DataError("This is not a .npz file. Save both arrays with np.savez(file, feats=…, labels=…) and send it.")
    max_member = max_bytes + _MAX_HEADER_BYTES
    with ZipArchive(content, max_member + MAX_LABEL_BYTES + _MAX_HEADER_BYTES, max_member=max_member) as archive:
        feats, labels = (_find_array(archive, names) for names in (SAMPLE_ARRAY_NAMES, LABEL_ARRAY_NAMES))
        return _read_pair(feats, labels, max_bytes, channels)


def _find_array(archive: ZipArchive, names: tuple[str, ...]) -> _NamedFile:
    matching = [member for member in archive.members if member.path.lower().removesuffix(".npy") in names]
    if len(matching) != 1:
        available_names = ", ".join(quote_name(member.path.removesuffix(".npy")) for member in archive.members[:8])
        raise DataError(
            f"The .npz has {len(matching)} arrays with one of the names {', '.join(names)}; exactly one is needed. It"
            f" has {available_names or 'none at all'}."
        )
    return matching[0].name, archive.read(matching[0])


def _read_pair(feats: _NamedFile, labels: _NamedFile, max_bytes: int, channels: ChannelPlace) -> Content:
    (feats_name, feats_content), (labels_name, labels_content) = feats, labels
    x = _check_samples(read_npy(feats_content, feats_name, max_bytes), feats_name, max_bytes)
    raw = read_npy(labels_content, labels_name, min(max_bytes, MAX_LABEL_BYTES))
    if raw.ndim == 1 and len(x) != len(raw):  # before the labels are sorted: they could be many
        raise DataError(
            f"{feats_name} has {len(x):,} samples but {labels_name} has {len(raw):,} labels; every sample needs one."
        )
    y, classes = _class_numbers(raw, labels_name)
    check_class_counts(y, classes)  # refuse now what could not be split later
    return Content(np.ascontiguousarray(place_channels(x, feats_name, channels)), y, classes)


def _check_samples(feats: npt.NDArray[np.generic], name: str, max_bytes: int) -> Samples:
    if feats.dtype.kind not in "fiub":
        raise DataError(
            f"{name} holds {_dtype_label(feats)} values; numbers are expected (float32, float64 or integers)."
        )
    if not 2 <= feats.ndim <= 5:
        raise DataError(
            f"{name} has {feats.ndim} axes; expected are (samples, height, width), as in the lab, or 2 to 5 axes with"
            " the samples first."
        )
    if feats.size == 0:
        raise DataError(f"{name} is empty: its shape is {feats.shape}.")
    if feats.size * 4 > max_bytes:
        raise DataError(
            f"{name} takes {format_mebibytes(feats.size * 4)} as float32; this server takes at most"
            f" {format_mebibytes(max_bytes)}. Send fewer samples."
        )
    if max(feats.shape[1:]) > MAX_SIZE:
        raise DataError(
            f"{name} has samples with {max(feats.shape[1:]):,} values along one axis; at most {MAX_SIZE:,} can be used."
        )
    with np.errstate(over="ignore", invalid="ignore"):  # what float32 cannot hold becomes infinite and is refused below
        x = np.ascontiguousarray(feats, dtype=np.float32)
    bad_samples = np.flatnonzero(~np.isfinite(x.reshape(len(x), -1)).all(axis=1))
    if bad_samples.size:
        if np.isfinite(feats[bad_samples]).all():
            raise DataError(
                f"{name} has values beyond what float32 can hold (±{np.finfo(np.float32).max:.1e}) in"
                f" {bad_samples.size:,} of {len(x):,} samples, first in sample {bad_samples[0]}. Scale them down."
            )
        raise DataError(
            f"{name} has NaN or infinite values in {bad_samples.size:,} of {len(x):,} samples, first in sample"
            f" {bad_samples[0]}. Remove or repair them."
        )
    return x


def _class_numbers(labels: npt.NDArray[np.generic], name: str) -> tuple[Labels, tuple[str, ...]]:
    if labels.ndim != 1:
        raise DataError(f"{name} has the shape {labels.shape}; expected is one label per sample, (samples,).")
    if labels.dtype.kind not in "iuU":
        raise DataError(
            f"{name} holds {_dtype_label(labels)} values; whole numbers or texts are expected. "
            "Convert them with labels.astype(int) or labels.astype(str)."
        )
    if labels.dtype.kind == "U" and not _is_valid_unicode(labels):
        raise DataError(f"{name} holds text with characters that do not exist. Save the labels again as plain text.")
    class_values, y = np.unique(labels, return_inverse=True)
    if not 2 <= len(class_values) <= MAX_CLASSES:
        raise DataError(f"{name} names {len(class_values)} classes; 2 to {MAX_CLASSES:,} can be learned.")
    return y.astype(np.int64), tuple(str(label)[:MAX_CLASS_NAME_LENGTH] for label in class_values)


def _is_valid_unicode(text: npt.NDArray[np.generic]) -> bool:
    """Whether every character exists: no code point past the last one, and no half of a UTF-16 pair."""
    points = text.view(np.dtype(np.uint32).newbyteorder(text.dtype.byteorder))
    return bool(((points < 0xD800) | (points > 0xDFFF) & (points <= sys.maxunicode)).all())


def _dtype_label(array: npt.NDArray[np.generic]) -> str:
    """Returns the type of the values in words."""
    return {"U": "text", "S": "bytes"}.get(array.dtype.kind, array.dtype.name)
