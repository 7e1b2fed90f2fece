"""A changed byte is noticed, wherever it lies; what safetensors reads stays the same."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save

from cnnviz.digests import add_digest, file_digest, has_changed

TENSORS = {"a": torch.arange(7.0), "b.weight": torch.ones(2, 3, dtype=torch.float64), "c": torch.empty(0)}


def test_with_a_digest_it_is_a_file_of_the_same_tensors() -> None:
    content = add_digest(save(TENSORS, {"kept": "this"}))
    loaded = load(content)
    assert loaded.keys() == TENSORS.keys()
    assert all(torch.equal(loaded[name], value) for name, value in TENSORS.items())
    assert b'"kept": "this"' in content
    assert not has_changed(content)
    assert not has_changed(add_digest(content))


def test_of_a_file_without_a_digest_nothing_is_known() -> None:
    assert not has_changed(save(TENSORS))


@given(st.data())
def test_a_changed_value_or_name_is_noticed(data: st.DataObject) -> None:
    content = bytearray(add_digest(save(TENSORS)))
    start = content.index(b'"a"')
    place = data.draw(st.integers(start, len(content) - 1))
    if content[place : place + 1] == b" ":  # padding between header and data, which nobody reads
        return
    content[place] ^= data.draw(st.integers(1, 255))
    assert has_changed(bytes(content)) or content[place : place + 1].isspace()


@pytest.mark.parametrize("size", [0, 5, 8, 30, 200])
def test_a_file_that_was_cut_off_has_changed(size: int) -> None:
    assert has_changed(add_digest(save(TENSORS))[:size])


def test_the_digest_of_a_file_depends_on_every_byte(tmp_path: Path) -> None:
    file = tmp_path / "it"
    digests = []
    for content in (b"", b"a", b"b", b"ab"):
        file.write_bytes(content)
        digests.append(file_digest(file))
    assert len(set(digests)) == 4
