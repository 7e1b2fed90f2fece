import io
import zipfile

import numpy as np
import pytest

from cnnviz.data import DATASETS
from cnnviz.data.content import Content
from cnnviz.errors import LimitError
from cnnviz.takehome.arrays import FEATS_FILE, LABELS_FILE, PARTS_FILE, arrays_zip, samples_refusal

DIGITS = DATASETS["digits"].load_content()
MANY = 2**30


def read(content: bytes) -> dict[str, object]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: np.load(io.BytesIO(archive.read(name)), allow_pickle=False) for name in archive.namelist()}


def test_the_files_hold_all_samples_and_labels() -> None:
    files = read(arrays_zip(DIGITS, "random", MANY))
    assert set(files) == {FEATS_FILE, LABELS_FILE}
    assert np.array_equal(files[FEATS_FILE], DIGITS.x)  # type: ignore[arg-type]
    assert np.array_equal(files[LABELS_FILE], DIGITS.y)  # type: ignore[arg-type]


def test_a_split_that_is_not_the_labs_comes_with_its_rows() -> None:
    speakers = tuple(f"s{place % 11}" for place in range(len(DIGITS.y)))
    content = Content(DIGITS.x, DIGITS.y, DIGITS.classes, speakers=speakers)
    parts = read(arrays_zip(content, "speaker", MANY))[PARTS_FILE]
    for name, rows in zip(("train", "validation", "test"), content.split_indices("speaker"), strict=True):
        assert np.array_equal(parts[name], rows)  # type: ignore[index]


def test_samples_that_are_too_large_are_refused() -> None:
    with pytest.raises(LimitError, match="take 0 MiB; this server writes files of at most"):
        arrays_zip(DIGITS, "random", 100)


def test_whether_samples_are_too_large_is_known_before_they_are_read() -> None:
    dataset = DATASETS["digits"]
    size = DIGITS.x.nbytes
    assert samples_refusal(dataset, size) is None
    with pytest.raises(LimitError) as refused:
        arrays_zip(DIGITS, "random", size - 1)
    assert samples_refusal(dataset, size - 1) == str(refused.value)
