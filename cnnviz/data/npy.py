"""Reads `.npy` files sent by strangers: the header is checked before a single value is read."""

import math
import sys
from io import BytesIO
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from cnnviz.errors import DataError
from cnnviz.words import format_mebibytes

_HEADER_READERS = {
    (1, 0): npy.read_array_header_1_0,
    (2, 0): npy.read_array_header_2_0,
    (3, 0): npy.read_array_header_2_0,  # they differ in the letters of field names, and fields are refused
}


def read_npy(content: bytes, name: str, max_bytes: int) -> npt.NDArray[np.generic]:
    """Returns the array in a `.npy` file called `name`; nothing in it is ever unpickled.

    Raises DataError when it is not such a file, holds Python objects, claims more than `max_bytes`, or when its size
    does not match its header. Source of the format: numpy.lib.format.
    """
    stream = BytesIO(content)
    try:
        header = _HEADER_READERS[npy.read_magic(cast("BinaryIO", stream))]
        shape, fortran_order, dtype = header(stream)
    except Exception:  # numpy's parser lets all kinds out: ValueError, TokenError, OverflowError, …
        kind = " (it is a zip archive; unpack it first)" if content[:2] == b"PK" else ""
        raise DataError(f"{name} is not a .npy file{kind}. Save the array with np.save and send that file.") from None
    if dtype.hasobject:
        raise DataError(
            f"{name} holds Python objects, which could run code when loaded, so it is not opened. "
            "Save plain numbers or text: np.save(file, array.astype(np.float32)) or .astype(str)."
        )
    count = math.prod(shape)  # Python integers: a forged shape cannot overflow
    claimed_bytes = count * dtype.itemsize
    if min(shape, default=0) < 0 or claimed_bytes > sys.maxsize or not dtype.itemsize:
        raise _bad_header_error(name)
    if claimed_bytes > max_bytes:
        raise DataError(
            f"{name} claims {format_mebibytes(claimed_bytes)}; this server takes at most"
            f" {format_mebibytes(max_bytes)}. Send fewer samples or store them as float32."
        )
    data = memoryview(content)[stream.tell() :]
    if len(data) != claimed_bytes:
        raise DataError(
            f"{name} is damaged: its header promises {claimed_bytes:,} bytes of values, the file has {len(data):,}. "
            "Save and send it again."
        )
    try:
        array: npt.NDArray[np.generic] = np.frombuffer(data, dtype, count).reshape(
            shape, order="F" if fortran_order else "C"
        )
    except (ValueError, TypeError):  # too many axes, one too long beside an empty one, arrays as values
        raise _bad_header_error(name) from None
    return array


def _bad_header_error(name: str) -> DataError:
    return DataError(f"{name} is damaged: its header describes no possible array. Save and send it again.")
