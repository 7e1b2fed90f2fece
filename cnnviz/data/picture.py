"""Decodes pictures sent by strangers into numbers from 0 to 1, in one size."""

from io import BytesIO

import numpy as np
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


def read_picture(content: bytes, name: str, height: int, width: int, *, grey: bool) -> Samples:
    """Decodes a .png or .jpg file: (1, height, width) grey or (3, height, width) RGB in float32, 0 … 1.

    The size is read from the header and checked before a pixel is decoded. A picture that a camera took upside down is
    turned, transparent areas become white, and each new pixel is the average of those it covers, weighted by a
    triangle. Raises DataError when the file is neither, is damaged or has more than 4096 pixels on a side.
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
            image.draft(mode, (2 * width, 2 * height))  # a JPEG can be decoded at a half, a quarter or an eighth
            upright = ImageOps.exif_transpose(image)
            pixels = np.asarray(_to_plain_mode(upright, mode).resize((width, height), Image.Resampling.BILINEAR))
    except DataError:
        raise
    except Exception:  # OSError, SyntaxError, ValueError, struct.error, zlib.error, DecompressionBombError, …
        raise DataError(f"{quote_name(name)} is a damaged picture.") from None
    channels = pixels[None] if grey else pixels.transpose(2, 0, 1)
    return np.ascontiguousarray(channels, np.float32) / np.float32(255)


def _to_plain_mode(image: Image.Image, mode: str) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits per pixel, of which convert() would cut off all above 255
        image = Image.fromarray((np.asarray(image) / 257).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        opaque = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), opaque)
    return image.convert(mode)
