"""Drawings made on a page, as the samples that a data set of pictures would have of them."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from cnnviz.data.arrays import Samples
from cnnviz.errors import DataError
from cnnviz.shapes import Shape

SIDE = 128
"""Pixels along each side of a drawing."""
BITMAP_SIDE, BLOCK_SIDE = 32, 4
"""The digits' own preparation: bitmaps of 32 × 32, of whose blocks of 4 × 4 the pixels with ink are counted."""
HEX_DIGITS = SIDE * SIDE // 4


def read_drawing(text: str) -> npt.NDArray[np.bool_]:
    """Returns where ink is, (SIDE, SIDE), of the bits that the page sends in hexadecimal; raises DataError."""
    try:
        if len(text) != HEX_DIGITS:
            raise ValueError
        packed = np.frombuffer(bytes.fromhex(text), np.uint8)
    except ValueError:
        raise DataError("This drawing cannot be read; draw it again.") from None
    ink = np.unpackbits(packed).astype(bool)
    if not ink.any():
        raise DataError("Nothing is drawn yet.")
    return ink.reshape(SIDE, SIDE)


def digit_sample(ink: npt.NDArray[np.bool_]) -> Samples:
    """Returns a drawn digit as the digits of scikit-learn are made, (1, 8, 8) from 0 to 1 in sixteenths.

    The ink is cut out, stretched to the height of a bitmap of 32 × 32 with its proportions kept, and centred; the
    pixels with ink of each block of 4 × 4 are counted. Source: C. Kaynak (1995), and NIST's programs, which made the
    bitmaps and also straighten a slant, which this does not.
    """
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BITMAP_SIDE / max(cut.shape)
    height, width = (max(1, round(length * scale)) for length in cut.shape)
    picture = Image.fromarray(cut.astype(np.uint8) * 255).resize((width, height), Image.Resampling.BOX)
    bitmap = np.zeros((BITMAP_SIDE, BITMAP_SIDE), np.float32)
    top, left = (BITMAP_SIDE - height) // 2, (BITMAP_SIDE - width) // 2
    bitmap[top : top + height, left : left + width] = np.asarray(picture) >= 128
    blocks = bitmap.reshape(8, BLOCK_SIDE, 8, BLOCK_SIDE).sum(axis=(1, 3))
    return np.asarray(blocks[None] / BLOCK_SIDE**2, np.float32)


def drawing_sample(ink: npt.NDArray[np.bool_], shape: Shape) -> Samples:
    """Returns a drawing in the size of a data set, (channels, height, width): ink is 1, and each value a mean."""
    picture = Image.fromarray(ink.astype(np.uint8) * 255).resize((shape[2], shape[1]), Image.Resampling.BOX)
    return np.repeat(np.asarray(picture, np.float32)[None] / 255, shape[0], axis=0)


def is_light(pictures: Samples) -> bool:
    """Returns whether the edges of pictures (N, channels, height, width) from 0 to 1 are light: dark ink on paper."""
    edges = [pictures[..., 0, :], pictures[..., -1, :], pictures[..., 0], pictures[..., -1]]
    return float(np.mean([edge.mean() for edge in edges])) > 0.5
