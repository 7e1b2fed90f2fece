"""Files as np.save writes them, and files as no np.save ever would."""

from io import BytesIO

import numpy as np
import numpy.typing as npt

MAGIC = b"\x93NUMPY"


def npy_bytes(array: npt.ArrayLike) -> bytes:
    """What np.save writes, without pickle."""
    stream = BytesIO()
    np.save(stream, np.asanyarray(array), allow_pickle=False)
    return stream.getvalue()


def npy_with_header(header: str, values: bytes = b"") -> bytes:
    """A version 1.0 file with any text at all as its header."""
    text = header.encode("latin1") + b"\n"
    return MAGIC + b"\x01\x00" + len(text).to_bytes(2, "little") + text + values


def forged_npy(descr: object, shape: object, values: bytes = b"", *, fortran_order: object = False) -> bytes:
    """A file whose header claims this dtype and shape, over any values."""
    return npy_with_header(repr({"descr": descr, "fortran_order": fortran_order, "shape": shape}), values)
