import json
import random
import string
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.architecture import MAX_LAYERS, Architecture
from cnnviz.errors import DesignError
from cnnviz.layers import BatchNorm2d, Conv2d, Flatten, Linear, MaxPool2d, ReLU
from cnnviz.presets import PRESETS
from cnnviz.share import VERSION, ZLIB_DICTIONARY, _base64url, _checksum, from_token, to_token
from tests.strategies import architectures

ALPHABET = string.ascii_letters + string.digits + "-_"


def forged(text: bytes) -> str:
    """A token with a right checksum around any text."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=ZLIB_DICTIONARY)
    packed = packer.compress(text) + packer.flush()
    return VERSION + _base64url(packed + _checksum(packed))


@settings(max_examples=300, deadline=None)
@given(architectures())
def test_a_link_gives_back_the_same_design(architecture: Architecture) -> None:
    token = to_token(architecture)
    assert set(token) <= set(ALPHABET)
    assert from_token(token) == architecture
    assert from_token(f" {token}\n") == architecture


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_fits_in_a_link_that_can_be_read_out_in_class(name: str) -> None:
    architecture = PRESETS[name].architecture
    token = to_token(architecture)
    layers = architecture.to_json().count('"kind"')
    assert len(token) < max(400, 3 * layers)  # a net of hundreds of layers takes some more
    assert from_token(token) == architecture


def test_links_made_earlier_open_for_ever() -> None:
    architecture = Architecture(
        input_shape=(1, 99, 26),
        layers=[Conv2d(out_channels=10, kernel_size=10), MaxPool2d(kernel_size=4), Flatten(), Linear(out_features=35)],
    )
    assert from_token("1Q485Qx1LSx0jM5LizQA9IRoQ4zgTspKlsSkwuQEAxqJrEQ") == architecture


@settings(max_examples=300, deadline=None)
@given(architectures(), st.data())
def test_any_changed_character_is_refused(architecture: Architecture, data: st.DataObject) -> None:
    token = to_token(architecture)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(ALPHABET.replace(token[place], "")) | st.characters(exclude_characters=ALPHABET))
    with pytest.raises(DesignError, match=r"^This link is .* Copy the whole link again\.$"):
        from_token(token[:place] + other + token[place + 1 :])


@settings(max_examples=300, deadline=None)
@given(architectures(), st.data())
def test_a_link_cut_off_anywhere_is_refused(architecture: Architecture, data: st.DataObject) -> None:
    token = to_token(architecture)
    start, end = sorted((data.draw(st.integers(0, len(token))), data.draw(st.integers(0, len(token)))))
    if end - start < len(token):
        with pytest.raises(DesignError, match="This link is"):
            from_token(token[start:end])


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=200) | st.text(ALPHABET, max_size=200).map(VERSION.__add__) | st.binary().map(forged))
def test_any_other_text_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(DesignError):
        from_token(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b" " * 4_000_000, "at most 500,000 are read"),
        (b'{"input_shape":[1],"layers":[' + b'{"kind":"Residual","layers":[' * 5000, "cannot be read"),
        (b'{"input_shape":[1],"layers":[{"kind":"Exec"}]}', "'Exec'"),
        (b"\xff", "cannot be read"),
        (json.dumps({"input_shape": [1], "layers": [{"kind": "ReLU"}] * 501}).encode(), "at most 500 layers"),
    ],
    ids=["bomb", "nested", "foreign", "binary", "long"],
)
def test_what_a_forged_link_holds_is_checked_like_any_design(text: bytes, message: str) -> None:
    with pytest.raises(DesignError, match=message):
        from_token(forged(text))


def test_a_link_that_is_too_long_is_refused_unread() -> None:
    with pytest.raises(
        DesignError, match=r"This link is 1,000,000 characters long; links of designs have at most 7,500"
    ):
        from_token("1" * 1_000_000)


def test_a_full_net_fits_in_a_link_unless_every_number_in_it_is_noise() -> None:
    blocks = [Conv2d(out_channels=64, kernel_size=3), BatchNorm2d(), ReLU(), MaxPool2d(kernel_size=2)]
    assert len(to_token(Architecture(input_shape=(3, 64, 64), layers=blocks * (MAX_LAYERS // 4)))) < 150
    draw = random.Random(0).randint
    varied = [
        Conv2d(out_channels=draw(1, 512), kernel_size=(draw(1, 11), draw(1, 11)), padding=draw(0, 5))
        for _ in range(MAX_LAYERS)
    ]
    assert len(to_token(Architecture(input_shape=(3, 64, 64), layers=varied))) < 10 * MAX_LAYERS

    def noise() -> tuple[int, int]:
        return draw(1, 65_536), draw(1, 65_536)

    layers = [
        Conv2d(out_channels=draw(1, 65_536), kernel_size=noise(), stride=noise(), padding=noise(), dilation=noise())
        for _ in range(MAX_LAYERS)
    ]
    with pytest.raises(DesignError, match=r"needs a link of .* characters.*Share it as a JSON file instead"):
        to_token(Architecture(input_shape=(3, 64, 64), layers=layers))
