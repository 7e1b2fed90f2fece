import io
from contextlib import suppress

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.data.npy_upload import LABEL_ARRAY_NAMES, SAMPLE_ARRAY_NAMES, read_npz, read_pair
from cnnviz.errors import DataError
from tests.data.npy_files import forged_npy, npy_bytes
from tests.data.upload_files import zip_bytes

MEGABYTE = 2**20
FEATS = np.random.default_rng(0).normal(size=(20, 4, 3)).astype(np.float32)
LABELS = np.array(["no", "yes"])[np.arange(20) % 2]


def npz(*, compressed: bool = False, **arrays: npt.ArrayLike) -> bytes:
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("feats", [*SAMPLE_ARRAY_NAMES, "X"])
@pytest.mark.parametrize("labels", [*LABEL_ARRAY_NAMES, "Y"])
def test_one_npz_is_read_like_the_pair(feats: str, labels: str, compressed: bool) -> None:
    pair = read_npz(npz(compressed=compressed, **{feats: FEATS, labels: LABELS, "note": [1, 2]}), MEGABYTE)
    expected = read_pair(npy_bytes(FEATS), npy_bytes(LABELS), MEGABYTE)
    np.testing.assert_array_equal(pair.x, expected.x)
    np.testing.assert_array_equal(pair.y, expected.y)
    assert pair.classes == expected.classes == ("no", "yes")


@pytest.mark.parametrize("shape", [(5,), (2, 6), (3, 4, 5), (1, 2, 3, 4)])
def test_2_to_5_axes_and_whole_numbers_as_labels_are_read(shape: tuple[int, ...]) -> None:
    pair = read_npz(npz(x=np.zeros((20, *shape)), y=np.arange(20) % 2), MEGABYTE)
    assert pair.shape == ((1, 2, 6) if shape == (2, 6) else shape)
    assert pair.classes == ("0", "1")


def test_the_limit_is_that_of_the_pair() -> None:
    content = npz(x=FEATS, y=LABELS)
    assert len(read_npz(content, FEATS.nbytes).y) == 20
    with pytest.raises(DataError, match=r"^x\.npy claims 0 MiB; this server takes at most 0 MiB"):
        read_npz(content, FEATS.nbytes - 1)
    with pytest.raises(DataError, match=r"^The file “x\.npy” takes 2 MiB; one file may take at most 1 MiB"):
        read_npz(npz(x=np.zeros((20, 12_000)), y=LABELS), MEGABYTE)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", r"^This is not a \.npz file\. Save both arrays with np\.savez", id="empty"),
        pytest.param(npy_bytes(FEATS), r"^This is not a \.npz file", id="npy"),
        pytest.param(b"PK\x03\x04" + bytes(99), r"^This is not a zip archive, or it is damaged", id="no zip"),
        pytest.param(npz(x=FEATS), r"^The \.npz has 0 arrays with one of the names labels, .* It has “x”\.", id="one"),
        pytest.param(npz(), r"^The \.npz has 0 arrays .* It has none at all\.", id="none"),
        pytest.param(
            npz(x=FEATS, data=FEATS, y=LABELS), r"^The \.npz has 2 arrays with one of the names feats", id="two"
        ),
        pytest.param(zip_bytes({"x.npy": b"x", "y.npy": b"y"}), r"^x\.npy is not a \.npy file\.", id="no arrays"),
        pytest.param(
            zip_bytes({"x.npy": npy_bytes(FEATS), "y.npy": forged_npy("|O", (20,), b"cos\nsystem\n.")}),
            r"^y\.npy holds Python objects, which could run code",
            id="pickled",
        ),
        pytest.param(npz(x=FEATS, y=LABELS[1:]), r"^x\.npy has 20 samples but y\.npy has 19 labels", id="19 of 20"),
        pytest.param(npz(x=FEATS[:, 0, 0], y=LABELS), r"^x\.npy has 1 axes", id="one axis"),
        pytest.param(npz(x=FEATS, y=FEATS[:, 0, 0]), r"^y\.npy holds float32 values", id="floats as labels"),
        pytest.param(zip_bytes({"../x.npy": b"", "y.npy": b""}), r"which leads out of its folder", id="traversal"),
    ],
)
def test_a_hostile_npz_gets_one_clear_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence) as caught:
        read_npz(content, MEGABYTE)
    assert len(str(caught.value)) < 250


@settings(max_examples=150, deadline=None)
@given(st.data(), st.booleans())
def test_a_mutated_npz_is_read_or_refused(data: st.DataObject, compressed: bool) -> None:
    content = bytearray(npz(compressed=compressed, x=FEATS, y=LABELS))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with suppress(DataError):
        read_npz(bytes(content), MEGABYTE)
