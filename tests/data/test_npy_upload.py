import struct
from contextlib import suppress

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnnviz.data.channels import ChannelsUnknownError
from cnnviz.data.classes import MAX_CLASS_NAME_LENGTH, MAX_CLASSES
from cnnviz.data.content import Content
from cnnviz.data.npy_upload import read_pair
from cnnviz.errors import DataError
from tests.data.npy_files import forged_npy, npy_bytes

MEGABYTE = 2**20
N = 20
FEATS = np.arange(N * 12, dtype=np.float32).reshape(N, 4, 3)
LABELS = np.arange(N) % 2


def read(feats: npt.ArrayLike, labels: npt.ArrayLike = LABELS, max_bytes: int = MEGABYTE) -> Content:
    return read_pair(npy_bytes(feats), npy_bytes(labels), max_bytes)


def with_value(value: float, dtype: str = "f8") -> npt.NDArray[np.generic]:
    feats = FEATS.astype(dtype)
    feats[7, 1, 1] = value
    return feats


def text_of(*points: int) -> bytes:
    return forged_npy("<U1", (N,), struct.pack(f"<{N}I", *points, *([65] * (N - len(points)))))


def test_the_labs_pictures_get_their_channel_axis() -> None:
    pair = read(FEATS)
    assert pair.shape == (1, 4, 3)
    np.testing.assert_array_equal(pair.x[:, 0], FEATS)


@pytest.mark.parametrize("shape", [(5,), (2, 6), (3, 4, 5), (1, 2, 3, 4)])
def test_other_samples_keep_their_shape_except_pictures(shape: tuple[int, ...]) -> None:
    assert read(np.zeros((N, *shape))).shape == ((1, 2, 6) if shape == (2, 6) else shape)


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(hnp.floating_dtypes(), hnp.integer_dtypes(), hnp.unsigned_integer_dtypes(), hnp.boolean_dtypes()),
    hnp.arrays(
        np.int8, hnp.array_shapes(max_dims=4, max_side=3).map(lambda shape: (N, *shape)), elements=st.integers(0, 127)
    ),
    st.booleans(),
)
def test_any_numbers_in_any_byte_order_and_layout_become_float32(
    dtype: npt.DTypeLike, numbers: npt.NDArray[np.int8], fortran: bool
) -> None:
    feats = numbers.astype(dtype)
    pair = read(np.asfortranarray(feats) if fortran else feats)
    expected = feats.astype(np.float32)
    assert pair.x.dtype == np.float32
    assert pair.x.flags.c_contiguous
    np.testing.assert_array_equal(pair.x, expected[:, None] if feats.ndim == 3 else expected)


@pytest.mark.parametrize("dtype", ["i1", "u8", ">i2", "<U7", ">U7"])
def test_labels_of_any_kind_become_numbers_in_sorted_order(dtype: str) -> None:
    values = np.array(["1", "7", "9"]).astype(dtype)
    labels = np.resize(values[[2, 0, 1]], 30)
    pair = read(np.zeros((30, 3)), labels)
    assert pair.classes == ("1", "7", "9")
    assert pair.y.dtype == np.int64
    np.testing.assert_array_equal(values[pair.y], labels)


def test_a_long_class_name_is_cut() -> None:
    pair = read(np.zeros((N, 3)), np.where(LABELS, "a" * 500, "b"))
    assert pair.classes == ("a" * MAX_CLASS_NAME_LENGTH, "b")


@pytest.mark.parametrize(
    ("feats", "sentence"),
    [
        pytest.param(np.ones(N), r"feats\.npy has 1 axes; expected are \(samples, height, width\)", id="one axis"),
        pytest.param(np.float32(1), r"feats\.npy has 0 axes", id="a single number"),
        pytest.param(np.ones((N, 1, 1, 1, 1, 1)), r"feats\.npy has 6 axes", id="six axes"),
        pytest.param(np.ones((N, 0, 3)), r"feats\.npy is empty: its shape is \(20, 0, 3\)", id="empty pictures"),
        pytest.param(np.ones((0, 2, 3)), r"feats\.npy is empty: its shape is \(0, 2, 3\)", id="no samples"),
        pytest.param(with_value(np.nan), r"NaN or infinite values in 1 of 20 samples, first in sample 7", id="NaN"),
        pytest.param(with_value(-np.inf), r"NaN or infinite values in 1 of 20", id="infinity"),
        pytest.param(with_value(np.nan, "f2"), r"NaN or infinite values in 1 of 20", id="NaN in float16"),
        pytest.param(with_value(1e300), r"beyond what float32 can hold .* in 1 of 20 samples", id="beyond float32"),
        pytest.param(
            np.full((N, 2), 0x7FF0000000000001).view("f8"), r"NaN or infinite values in 20 of 20", id="signalling NaN"
        ),
        pytest.param(np.ones((N, 2), "c8"), r"feats\.npy holds complex64 values; numbers are expected", id="complex"),
        pytest.param(np.ones((N, 2), "M8[s]"), r"feats\.npy holds datetime64\[s\] values", id="times"),
        pytest.param(np.ones((N, 2), "U3"), r"feats\.npy holds text values", id="text"),
        pytest.param(
            np.ones((N, 2), [("a", "f4"), ("b" * 999, "f4")]), r"feats\.npy holds void64 values", id="records"
        ),
        pytest.param(
            FEATS[:-1],
            r"feats\.npy has 19 samples but labels\.npy has 20 labels; every sample needs one",
            id="19 of 20",
        ),
    ],
)
def test_feats_that_cannot_be_learned_from_get_one_sentence(feats: npt.ArrayLike, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence) as caught:
        read(feats)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        pytest.param(LABELS.astype("f4"), r"labels\.npy holds float32 values; whole numbers or text", id="floats"),
        pytest.param(LABELS.astype(bool), r"labels\.npy holds bool values", id="booleans"),
        pytest.param(LABELS.astype("S1"), r"labels\.npy holds bytes values", id="bytes"),
        pytest.param(LABELS.astype("M8[s]"), r"labels\.npy holds datetime64\[s\] values", id="times"),
        pytest.param(
            LABELS[:, None], r"labels\.npy has the shape \(20, 1\); expected is one label per sample", id="two axes"
        ),
        pytest.param(
            np.int64(3), r"labels\.npy has the shape \(\); expected is one label per sample", id="a single label"
        ),
        pytest.param(LABELS * 0, r"labels\.npy names 1 classes; 2 to 1,000 can be learned", id="one class"),
        pytest.param(LABELS[:0], r"feats\.npy has 20 samples but labels\.npy has 0 labels", id="no labels"),
        pytest.param(
            np.where(np.arange(N) < 11, "many", "few"),
            r"Class “few” has 9 samples; .* needs at least 10 of every class",
            id="a rare class",
        ),
    ],
)
def test_labels_that_cannot_be_learned_get_one_sentence(labels: npt.ArrayLike, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence) as caught:
        read(FEATS, labels)
    assert len(str(caught.value)) < 200


def test_too_many_classes_are_refused() -> None:
    labels = np.arange(MAX_CLASSES + 1)
    with pytest.raises(DataError, match=r"^labels\.npy names 1001 classes; 2 to 1,000 can be learned"):
        read(np.zeros((len(labels), 2), np.float32), labels)


def test_many_labels_for_few_samples_are_refused_before_they_are_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    """600 MiB of one-byte labels beside twenty samples took several gigabytes to sort."""
    monkeypatch.setattr(np, "unique", lambda *_, **__: pytest.fail("they were sorted"))
    with pytest.raises(DataError, match=r"feats\.npy has 20 samples but labels\.npy has 100,000 labels"):
        read(FEATS, np.zeros(100_000, np.int8))


def test_an_axis_longer_than_a_design_can_have_is_refused() -> None:
    with pytest.raises(DataError, match=r"^feats\.npy has samples with 1,000,001 values along one axis"):
        read_pair(npy_bytes(np.zeros((20, 1_000_001), np.uint8)), npy_bytes(LABELS), 2**28)


@pytest.mark.parametrize("point", [0xD800, 0xDFFF, 0x110000, 0xFFFFFFFF])
def test_text_that_nobody_can_show_is_refused(point: int) -> None:
    with pytest.raises(DataError, match=r"^labels\.npy holds text with characters that do not exist"):
        read_pair(npy_bytes(FEATS), text_of(point), MEGABYTE)


def test_text_in_any_script_is_a_class_name() -> None:
    pair = read_pair(npy_bytes(FEATS), text_of(*[0x1F600] * 10), MEGABYTE)
    assert pair.classes == ("A", "😀")


def test_small_integers_that_grow_beyond_the_limit_as_float32_are_refused() -> None:
    feats = np.zeros((N, 100), np.uint8)
    assert read(feats, max_bytes=4 * feats.size).x.nbytes == 4 * feats.size
    with pytest.raises(DataError, match=r"^feats\.npy takes 0 MiB as float32; this server takes at most 0 MiB"):
        read(feats, max_bytes=4 * feats.size - 1)


def test_the_file_that_is_wrong_is_named() -> None:
    with pytest.raises(DataError, match=r"^labels\.npy is not a \.npy file"):
        read_pair(npy_bytes(FEATS), b"", MEGABYTE)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=64), st.binary(max_size=64), st.sampled_from(["<f4", ">f8", "<f2", "|i1", "<U2", "|b1"]))
def test_any_values_are_read_or_refused(feats: bytes, labels: bytes, descr: str) -> None:
    x = forged_npy(descr, (N, 2), (feats * N * 16)[: N * 2 * np.dtype(descr).itemsize])
    y = forged_npy("<U1", (N,), (labels * N * 4)[: N * 4])
    with suppress(DataError):
        pair = read_pair(x, y, MEGABYTE)
        assert np.isfinite(pair.x).all()
        assert "".join(pair.classes).encode()


@pytest.mark.parametrize("shape", [(8, 9, 1), (8, 9, 3), (16, 16, 4), (5, 6, 7, 3)])
def test_where_the_channels_are_is_asked_and_an_answer_is_kept(shape: tuple[int, ...]) -> None:
    x, y = np.random.default_rng(0).random((N, *shape)).astype(np.float32), npy_bytes(np.arange(N) % 2)
    with pytest.raises(ChannelsUnknownError, match=rf"Its channels may be the {shape[-1]} at the end") as caught:
        read_pair(npy_bytes(x), y, 2**24)
    assert caught.value.shape == x.shape
    np.testing.assert_array_equal(caught.value.sample, x[0])
    np.testing.assert_array_equal(read_pair(npy_bytes(x), y, 2**24, "first").x, x)
    np.testing.assert_array_equal(read_pair(npy_bytes(x), y, 2**24, "last").x, np.moveaxis(x, -1, 1))


@pytest.mark.parametrize("shape", [(3, 8, 9), (1, 8, 3), (8, 9, 5), (40, 3), (12,)])
def test_where_there_is_no_doubt_nothing_is_asked(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).random((N, *shape)).astype(np.float32)
    read = read_pair(npy_bytes(x), npy_bytes(np.arange(N) % 2), 2**24).x
    assert read.size == x.size
    assert read.shape[-len(shape) :] == shape


def test_of_a_large_sample_a_small_one_is_shown() -> None:
    x = np.zeros((N, 300, 200, 3), np.float32)
    with pytest.raises(ChannelsUnknownError) as caught:
        read_pair(npy_bytes(x), npy_bytes(np.arange(N) % 2), 2**26)
    assert caught.value.sample.shape == (60, 50, 3)
