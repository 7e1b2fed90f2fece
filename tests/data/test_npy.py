import io
import pickle
import re
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnnviz.data.npy import read_npy
from cnnviz.errors import DataError
from tests.data.npy_files import MAGIC, forged_npy, npy_bytes, npy_with_header

MEGABYTE = 2**20

plain = st.one_of(
    hnp.floating_dtypes(),
    hnp.integer_dtypes(),
    hnp.unsigned_integer_dtypes(),
    hnp.boolean_dtypes(),
    hnp.complex_number_dtypes(),
    hnp.unicode_string_dtypes(max_len=5),
    hnp.byte_string_dtypes(max_len=5),
    hnp.datetime64_dtypes(),
)
arrays = plain.flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=5)))


def refusal(content: bytes, max_bytes: int = MEGABYTE) -> str:
    with pytest.raises(DataError) as caught:
        read_npy(content, "feats.npy", max_bytes)
    return str(caught.value)


@settings(max_examples=150, deadline=None)
@given(arrays, st.booleans())
def test_what_numpy_saves_is_read_back(array: npt.NDArray[np.generic], fortran: bool) -> None:
    content = npy_bytes(np.asfortranarray(array) if fortran and array.ndim else array)
    read = read_npy(content, "feats.npy", MEGABYTE)
    assert read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_of_the_format_is_read(version: tuple[int, int]) -> None:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.arange(6.0).reshape(2, 3), version)
    np.testing.assert_array_equal(read_npy(stream.getvalue(), "feats.npy", 48), [[0, 1, 2], [3, 4, 5]])


def test_numbers_of_python_2_are_read() -> None:
    content = npy_with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2L,), }", bytes(8))
    with pytest.warns(UserWarning, match="Python 2"):
        assert read_npy(content, "feats.npy", 8).tolist() == [0, 0]


def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("feats.npy", npy_bytes([1.0]))
    return stream.getvalue()


def npz() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, feats=np.ones(3))
    return stream.getvalue()


NO_NPY = r"^feats\.npy is not a \.npy file\. Save the array with np\.save and send that file\.$"
NO_ARRAY = r"^feats\.npy is damaged: its header describes no possible array\. Save and send it again\.$"
ZIP = r"^feats\.npy is not a \.npy file \(it is a zip archive; unpack it first\)\."
OBJECTS = r"^feats\.npy holds Python objects, which could run code when loaded, so it is not opened\."
TOO_LARGE = r"^feats\.npy claims [\d,]+ MiB; this server takes at most 1 MiB\."


def wrong_size_message(claimed: str, actual: str) -> str:
    return rf"^feats\.npy is damaged: its header promises {claimed} bytes of values, the file has {actual}\."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", NO_NPY, id="empty file"),
        pytest.param(b"x,y\n1,2\n", NO_NPY, id="a table"),
        pytest.param(pickle.dumps([1, 2]), NO_NPY, id="a pickle"),
        pytest.param(archive(), ZIP, id="a zip called npy"),
        pytest.param(npz(), ZIP, id="npz"),
        pytest.param(MAGIC + b"\x09\x00" + bytes(200), NO_NPY, id="unknown version"),
        pytest.param(npy_bytes([1.0])[:40], NO_NPY, id="cut in the header"),
        pytest.param(npy_with_header("{'descr': ('<f4', "), NO_NPY, id="open bracket"),
        pytest.param(npy_with_header("(" * 9000), NO_NPY, id="9000 open brackets"),
        pytest.param(npy_with_header("-" * 9000 + "1"), NO_NPY, id="nested 9000 deep"),
        pytest.param(npy_with_header("{'a\0"), NO_NPY, id="zero byte in the header"),
        pytest.param(npy_with_header("{[]: 1}"), NO_NPY, id="unhashable key"),
        pytest.param(npy_with_header("__import__('os').abort()"), NO_NPY, id="code in the header"),
        pytest.param(forged_npy(None, (1,)), NO_NPY, id="no dtype"),
        pytest.param(forged_npy("<f4", 5), NO_NPY, id="shape is a number"),
        pytest.param(forged_npy("<f4", (1.5,)), NO_NPY, id="half a sample"),
        pytest.param(forged_npy("|O", (2,), pickle.dumps([1, 2])), OBJECTS, id="pickled objects"),
        pytest.param(forged_npy([("a", "<f4"), ("b", "|O")], (1,), bytes(12)), OBJECTS, id="an object in a field"),
        pytest.param(forged_npy("T", (1,), bytes(16)), OBJECTS, id="pointers to strings"),
        pytest.param(npy_bytes(np.ones(9))[:-1], wrong_size_message("72", "71"), id="truncated"),
        pytest.param(npy_bytes(np.ones(9)) + b"\0", wrong_size_message("72", "73"), id="trailing bytes"),
        pytest.param(forged_npy("<f4", (750, 2**20), bytes(64)), TOO_LARGE, id="3 GB claimed"),
        pytest.param(forged_npy("<U4000", (1000,)), TOO_LARGE, id="long texts claimed"),
        pytest.param(forged_npy("<f4", (-1,), bytes(8)), NO_ARRAY, id="negative size"),
        pytest.param(forged_npy("<f4", (-1, -1), bytes(4)), NO_ARRAY, id="two negative sizes"),
        pytest.param(forged_npy("<f4", (-5, 0)), NO_ARRAY, id="negative beside empty"),
        pytest.param(forged_npy("<f4", (2**62, 2**62)), NO_ARRAY, id="product beyond 64 bits"),
        pytest.param(forged_npy("<f4", (10**400,)), NO_ARRAY, id="size beyond any float"),
        pytest.param(forged_npy("<f4", (10**30, 0)), NO_ARRAY, id="huge beside empty"),
        pytest.param(forged_npy("<f4", (1,) * 70, bytes(4)), NO_ARRAY, id="70 axes"),
        pytest.param(forged_npy("<f4", (True,), bytes(4)), NO_ARRAY, id="True samples"),
        pytest.param(forged_npy(("<f4", (2,)), (2,), bytes(16)), NO_ARRAY, id="arrays as values"),
        pytest.param(forged_npy("|V0", (5,)), NO_ARRAY, id="values without bytes"),
        pytest.param(forged_npy("<U0", (10**12,)), NO_ARRAY, id="texts without bytes"),
        pytest.param(forged_npy([], (10**12,)), NO_ARRAY, id="records without fields"),
    ],
)
def test_a_hostile_file_gets_one_clear_sentence(content: bytes, sentence: str) -> None:
    message = refusal(content)
    assert re.search(sentence, message), message
    assert len(message) < 200
    assert "\n" not in message


def test_a_pickle_inside_is_never_run(tmp_path: Path) -> None:
    class Touch:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "ran",)

    stream = io.BytesIO()
    np.save(stream, np.array([Touch()], dtype=object), allow_pickle=True)
    assert re.search(OBJECTS, refusal(stream.getvalue()))
    assert not (tmp_path / "ran").exists()


def test_the_limit_is_exact() -> None:
    content = npy_bytes(np.zeros(1000, np.float32))
    assert read_npy(content, "feats.npy", 4000).size == 1000
    assert "claims" in refusal(content, 3999)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.binary(max_size=200).map(lambda rest: MAGIC + b"\x01\x00" + rest)))
def test_random_bytes_are_refused(content: bytes) -> None:
    refusal(content)


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["<f4", "|V0"]),
        lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner),
        max_leaves=6,
    ),
    st.lists(st.integers(-3, 2**70), max_size=4).map(tuple),
    st.binary(max_size=32),
)
def test_a_header_of_anything_is_read_or_refused(descr: object, shape: object, values: bytes) -> None:
    text = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode("latin1", "replace").decode("latin1")
    with suppress(DataError):
        read_npy(npy_with_header(text, values), "feats.npy", MEGABYTE)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_mutated_file_is_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(npy_bytes(data.draw(arrays)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, min(len(content), 140) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with suppress(DataError):
        read_npy(bytes(content), "feats.npy", MEGABYTE)
