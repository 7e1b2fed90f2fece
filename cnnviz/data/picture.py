"""Decodes pictures sent by strangers into numbers from 0 to 1, in one size."""

from io import BytesIO

import numpy as np
import png
from PIL import Image, ImageFile, ImageOps
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from cnnviz.data.arrays import Samples
from cnnviz.errors import DataError
from cnnviz.words import quote_name

PICTURE_EXTENSIONS = (".png", ".jpg", ".jpeg")
MAX_SIDE = 4096
"""Pixels along either side, before the picture is resized."""
MAX_PIXELS = 4096 * 4096
MAX_JPEG_SCANS = 100
"""Scans in a JPEG: programs write about ten, and decoding each takes as long as a whole picture."""

_READERS: dict[bytes, type[ImageFile.ImageFile]] = {b"\x89PNG": PngImageFile, b"\xff\xd8\xff": JpegImageFile}


_GREY_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)
"""Shares of red, green and blue in grey. Source: ITU-R BT.601, as Pillow has it."""
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How to turn a picture that has this orientation in its EXIF data."""
_ORIENTATION_TAG = 0x0112


def read_picture(content: bytes, name: str, height: int, width: int, *, grey: bool) -> Samples:
    """Decodes a .png or .jpg file: (1, height, width) grey or (3, height, width) RGB in float32, 0 … 1.

    The size is read from the header and checked before a pixel is decoded. 16 bits of a pixel are kept, a picture that
    a camera took upside down is turned, transparent areas become white, and each new pixel is the average of those it
    covers, weighted by a triangle. Raises DataError when the file is neither, is damaged or has more than 4096 pixels
    on a side.
    """
    reader = next((reader for start, reader in _READERS.items() if content.startswith(start)), None)
    if reader is None:
        raise DataError(f"{quote_name(name)} is not a .png or .jpg file.")
    scans = content.count(b"\xff\xda") if reader is JpegImageFile else 1  # nothing else in a JPEG can look like it
    if scans > MAX_JPEG_SCANS:
        raise DataError(f"{quote_name(name)} has {scans:,} scans; a JPEG may have at most {MAX_JPEG_SCANS}.")
    mode = "L" if grey else "RGB"
    try:
        with reader(BytesIO(content)) as image:
            if max(image.size) > MAX_SIDE or image.width * image.height > MAX_PIXELS:
                raise DataError(
                    f"{quote_name(name)} has {image.height:,} × {image.width:,} pixels; at most {MAX_SIDE:,} ×"
                    f" {MAX_SIDE:,} are allowed."
                )
            if reader is PngImageFile and content[24:25] == b"\x10":  # the bit depth in its header
                channels = _deep_channels(content, image, grey=grey)
            else:
                image.draft(mode, (2 * width, 2 * height))  # a JPEG can be decoded at a half, a quarter or an eighth
                channels = _channels(ImageOps.exif_transpose(image), mode)
            resized = [np.asarray(each.resize((width, height), Image.Resampling.BILINEAR)) for each in channels]
    except DataError:
        raise
    except Exception:  # OSError, SyntaxError, ValueError, struct.error, zlib.error, DecompressionBombError, …
        raise DataError(f"{quote_name(name)} is a damaged picture.") from None
    pixels = np.stack(resized).astype(np.float32)
    return pixels if resized[0].dtype == np.float32 else pixels / np.float32(255)


def _channels(image: Image.Image, mode: str) -> tuple[Image.Image, ...]:
    if image.has_transparency_data:
        opaque = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), opaque)
    return image.convert(mode).split()


def _deep_channels(content: bytes, image: Image.Image, *, grey: bool) -> tuple[Image.Image, ...]:
    """Returns the channels of a .png with 16 bits, of which Pillow keeps 8 where there are several, from 0 to 1."""
    width, height, rows, about = png.Reader(bytes=content).read()
    planes, opaque = int(about["planes"]), np.float32(65535)
    values = np.array([np.asarray(row, np.uint16) for row in rows]).reshape(height, width, planes)
    colours, alpha = values[..., : planes - about["alpha"]] / opaque, values[..., -1:] / opaque
    if "transparent" in about:  # one colour stands for it
        alpha = (values != np.array(about["transparent"])).any(axis=2, keepdims=True).astype(np.float32)
    if about["alpha"] or "transparent" in about:
        colours = colours * alpha + (1 - alpha)
    if grey and colours.shape[2] == 3:
        colours = (colours @ _GREY_WEIGHTS)[..., None]
    if not grey and colours.shape[2] == 1:
        colours = colours.repeat(3, axis=2)
    turn = _UPRIGHT.get(image.getexif().get(_ORIENTATION_TAG, 1))
    channels = (Image.fromarray(np.ascontiguousarray(channel, np.float32)) for channel in np.moveaxis(colours, 2, 0))
    return tuple(channel.transpose(turn) if turn is not None else channel for channel in channels)
