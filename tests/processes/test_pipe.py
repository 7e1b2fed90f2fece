from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.processes.pipe import Message, receive, send
from cnnviz.training.point import Point

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
messages = st.dictionaries(st.text().filter(lambda name: name != "bytes"), json, max_size=4)


def sent(*pairs: tuple[Message, bytes]) -> bytes:
    stream = BytesIO()
    for message, payload in pairs:
        send(stream, message, payload)
    return stream.getvalue()


@settings(deadline=None)
@given(st.lists(st.tuples(messages, st.binary(max_size=50)), max_size=4))
def test_what_is_sent_is_received_in_order(pairs: list[tuple[Message, bytes]]) -> None:
    stream = BytesIO(sent(*pairs))
    for pair in pairs:
        assert receive(stream) == pair
    assert receive(stream) is None


@settings(deadline=None)
@given(messages, st.binary(max_size=30), st.data())
def test_a_stream_cut_anywhere_ends_without_half_a_message(
    message: Message, payload: bytes, data: st.DataObject
) -> None:
    whole = sent((message, payload))
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert receive(BytesIO(whole[:cut])) is None


@pytest.mark.parametrize("payload", [b"", b"\n", b'{"bytes": 3}\n', bytes(range(256))])
def test_a_payload_may_look_like_anything(payload: bytes) -> None:
    stream = BytesIO(sent(({"type": "ended"}, payload), ({"type": "ready"}, b"")))
    assert receive(stream) == ({"type": "ended"}, payload)
    assert receive(stream) == ({"type": "ready"}, b"")


def test_points_keep_every_bit_of_their_value() -> None:
    point = Point(1, 2, "batch", "loss", 0.1 + 0.2)
    received = receive(BytesIO(sent(({"points": [point]}, b""))))
    assert received
    assert Point(*received[0]["points"][0]) == point


def test_sending_leaves_the_message_as_it_was() -> None:
    message = {"type": "ready"}
    sent((message, b"x"))
    assert message == {"type": "ready"}
