import re
import struct
import zlib
from contextlib import suppress
from io import BytesIO

import numpy as np
import png
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnviz.data.arrays import Samples
from cnnviz.data.picture import read_picture
from cnnviz.errors import DataError
from tests.data.upload_files import image_bytes

COLOURS = np.random.default_rng(0).integers(0, 256, (12, 10, 3), np.uint8)
GREYS = COLOURS[:, :, 0]


def read(content: bytes, height: int = 12, width: int = 10, *, grey: bool = False) -> Samples:
    picture = read_picture(content, "cat/a.png", height, width, grey=grey)
    assert picture.shape == (1 if grey else 3, height, width)
    assert picture.dtype == np.float32
    assert picture.flags.c_contiguous
    assert 0 <= picture.min() <= picture.max() <= 1
    return picture


def test_points_of_a_png_become_numbers_from_0_to_1_channels_first() -> None:
    np.testing.assert_allclose(read(image_bytes(COLOURS)), COLOURS.transpose(2, 0, 1) / 255, atol=1e-6)
    np.testing.assert_allclose(read(image_bytes(GREYS), grey=True)[0], GREYS / 255, atol=1e-6)


def test_grey_is_the_same_in_all_channels_and_colours_become_their_luminance() -> None:
    assert (read(image_bytes(GREYS)) == read(image_bytes(GREYS), grey=True)).all()
    luminance = COLOURS @ [0.299, 0.587, 0.114] / 255
    np.testing.assert_allclose(read(image_bytes(COLOURS), grey=True)[0], luminance, atol=1 / 255)


def test_a_jpg_is_read() -> None:
    smooth = np.linspace(0, 255, 12 * 10).reshape(12, 10).astype(np.uint8)
    np.testing.assert_allclose(read(image_bytes(smooth, "JPEG", quality=95), grey=True)[0], smooth / 255, atol=0.05)
    cmyk = Image.fromarray(COLOURS).convert("CMYK")
    assert read(image_bytes(np.asarray(cmyk)[:, :, :3], "JPEG")).shape == (3, 12, 10)


def test_a_smaller_picture_keeps_the_mean() -> None:
    large = np.random.default_rng(1).integers(0, 256, (400, 300), np.uint8)
    for kind in ("PNG", "JPEG"):
        small = read(image_bytes(large, kind), 8, 6, grey=True)
        assert small.mean() == pytest.approx(large.mean() / 255, abs=0.02)
        assert small.std() < 0.1


def test_what_is_transparent_becomes_white() -> None:
    clear = np.zeros((4, 4, 4), np.uint8)
    clear[:2, :, 3] = 255
    np.testing.assert_array_equal(read(image_bytes(clear), 4, 4, grey=True)[0], [[0] * 4] * 2 + [[1] * 4] * 2)
    palette = Image.fromarray(GREYS).convert("P")
    assert read(image_bytes(np.asarray(palette), "PNG", transparency=0), grey=True).max() <= 1


def test_16_bits_a_point_keep_their_greys() -> None:
    deep = np.linspace(0, 65_535, 16).astype(np.uint16).reshape(4, 4)
    np.testing.assert_allclose(read(image_bytes(deep), 4, 4, grey=True)[0], deep / 65_535, atol=1e-6)


def deep_png(values: np.ndarray, **given: object) -> bytes:
    """A .png with 16 bits, of (height, width, planes)."""
    height, width, planes = values.shape
    file = BytesIO()
    writer = png.Writer(width, height, greyscale=planes < 3, alpha=planes in (2, 4), bitdepth=16, **given)
    writer.write(file, values.reshape(height, -1).tolist())
    return file.getvalue()


@pytest.mark.parametrize("interlace", [False, True])
@pytest.mark.parametrize("planes", [1, 2, 3, 4])
def test_every_kind_of_16_bits_keeps_its_levels_and_is_white_where_it_is_transparent(
    planes: int, interlace: bool
) -> None:
    values = np.random.default_rng(planes).integers(0, 4096, (12, 10, planes))
    if planes in (2, 4):
        values[..., -1] = np.where(np.arange(10) < 5, 65_535, 0)
    picture = read(deep_png(values, interlace=interlace), grey=planes < 3)
    colours = values[..., : 1 if planes < 3 else 3] / 65_535
    if planes in (2, 4):
        colours[:, 5:] = 1
    np.testing.assert_allclose(picture, np.moveaxis(colours, 2, 0), atol=1e-6)
    grey = read(deep_png(values), grey=True)[0]
    weights = [1] if planes < 3 else [0.299, 0.587, 0.114]
    np.testing.assert_allclose(grey, colours @ weights, atol=1e-5)


def test_one_transparent_colour_of_16_bits_becomes_white() -> None:
    values = np.arange(16).reshape(4, 4, 1) * 1000
    picture = read(deep_png(values, transparent=3000), 4, 4, grey=True)[0]
    expected = values[..., 0] / 65_535
    expected[0, 3] = 1
    np.testing.assert_allclose(picture, expected, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_mutated_picture_of_16_bits_is_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(deep_png(np.random.default_rng(0).integers(0, 65_536, (6, 5, 3))))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(8, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with suppress(DataError):
        read(bytes(content), 4, 4)


def test_a_photograph_taken_upside_down_is_turned() -> None:
    points = np.zeros((8, 8), np.uint8)
    points[:4] = 255
    exif = Image.Exif()
    exif[0x0112] = 3
    turned = read(image_bytes(points, "JPEG", exif=exif), 8, 8, grey=True)[0]
    assert turned[:4].mean() < 0.1
    assert turned[4:].mean() > 0.9


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_claiming(width: int, height: int) -> bytes:
    """A PNG whose header promises this many points over a few bytes."""
    header = chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


NO_PICTURE = r"^“cat/a\.png” is not a \.png or \.jpg file\.$"
DAMAGED_MESSAGE = r"^“cat/a\.png” is a damaged picture\.$"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", NO_PICTURE, id="empty"),
        pytest.param(image_bytes(GREYS, "GIF"), NO_PICTURE, id="gif"),
        pytest.param(image_bytes(GREYS, "TIFF"), NO_PICTURE, id="tiff"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0", NO_PICTURE, id="eps"),
        pytest.param(b"<svg/>", NO_PICTURE, id="svg"),
        pytest.param(image_bytes(COLOURS)[:-60], DAMAGED_MESSAGE, id="truncated png"),
        pytest.param(image_bytes(COLOURS, "JPEG")[:-200], DAMAGED_MESSAGE, id="truncated jpg"),
        pytest.param(image_bytes(COLOURS)[:20], DAMAGED_MESSAGE, id="start of a png"),
        pytest.param(b"\xff\xd8\xff", DAMAGED_MESSAGE, id="start of a jpg"),
        pytest.param(png_claiming(4096, 4096), DAMAGED_MESSAGE, id="fewer points than promised"),
        pytest.param(
            png_claiming(4097, 1), r"has 1 × 4,097 pixels; at most 4,096 × 4,096 are allowed", id="one too wide"
        ),
        pytest.param(png_claiming(2**31 - 1, 2**31 - 1), r"pixels; at most 4,096 × 4,096 are allowed", id="a bomb"),
        pytest.param(png_claiming(0, 0), DAMAGED_MESSAGE, id="no points"),
    ],
)
def test_a_hostile_picture_gets_one_clear_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        read(content)
    assert re.search(sentence, str(caught.value)), caught.value


def test_a_text_that_expands_without_end_is_not_expanded() -> None:
    whole = image_bytes(GREYS)
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80 * 2**20), 9))
    with pytest.raises(DataError, match=DAMAGED_MESSAGE):
        read(whole[:33] + bomb + whole[33:])


def test_a_jpg_that_goes_over_its_points_again_and_again_is_refused() -> None:
    """Each pass of a progressive JPEG costs as much as a whole picture, but may take a dozen bytes."""
    whole = image_bytes(np.zeros((64, 64), np.uint8), "JPEG", progressive=True)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    assert read(whole[:-2] + last * 20 + whole[-2:]).max() < 0.01
    with pytest.raises(DataError, match=r"^“cat/a\.png” has 10\d scans; a JPEG may have at most 100\.$"):
        read(whole[:-2] + last * 100 + whole[-2:])


@settings(max_examples=120, deadline=None)
@given(st.data(), st.sampled_from([image_bytes(COLOURS), image_bytes(COLOURS, "JPEG"), image_bytes(GREYS)]))
def test_a_mutated_picture_is_read_or_refused(data: st.DataObject, whole: bytes) -> None:
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with suppress(DataError):
        read(bytes(content))
