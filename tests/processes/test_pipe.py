"""Pipes of typed messages: what arrives, and what happens where it cannot be read."""

import os
import threading
from io import BytesIO
from pathlib import Path
from queue import SimpleQueue
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter

from cnnviz.processes import pipe, worker_process
from cnnviz.processes.launcher import Child
from cnnviz.processes.pipe import GarbledMessageError, PipeMessage, receive, send
from cnnviz.processes.worker_process import NOT_STARTED_EXIT_CODE, WorkerProcess
from cnnviz.training.point import Point
from tests.conftest import DEADLINE


class Text(PipeMessage):
    type: Literal["text"] = "text"
    text: str
    numbers: tuple[float, ...] = ()


class Points(PipeMessage):
    type: Literal["points"] = "points"
    points: tuple[Point, ...]


Either = Text | Points
EITHER: TypeAdapter[Either] = TypeAdapter(Annotated[Either, Field(discriminator="type")])
texts = st.builds(Text, text=st.text(), numbers=st.lists(st.floats(allow_nan=False), max_size=3).map(tuple))
READY = Text(text="ready")


def stream_of(*pairs: tuple[Either, bytes]) -> bytes:
    stream = BytesIO()
    for message, payload in pairs:
        send(stream, message, payload)
    return stream.getvalue()


@settings(deadline=None)
@given(st.lists(st.tuples(texts, st.binary(max_size=50)), max_size=4))
def test_what_is_sent_is_received_in_order(pairs: list[tuple[Text, bytes]]) -> None:
    stream = BytesIO(stream_of(*pairs))
    for pair in pairs:
        assert receive(stream, EITHER) == pair
    assert receive(stream, EITHER) is None


@settings(deadline=None)
@given(texts, st.binary(max_size=30), st.data())
def test_a_stream_cut_anywhere_ends_without_half_a_message(message: Text, payload: bytes, data: st.DataObject) -> None:
    whole = stream_of((message, payload))
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert receive(BytesIO(whole[:cut]), EITHER) is None


@pytest.mark.parametrize("payload", [b"", b"\n", b'3 {"type": "text"}\n', bytes(range(256))])
def test_a_payload_may_look_like_anything(payload: bytes) -> None:
    stream = BytesIO(stream_of((Text(text="ended"), payload), (READY, b"")))
    assert receive(stream, EITHER) == (Text(text="ended"), payload)
    assert receive(stream, EITHER) == (READY, b"")


def test_points_keep_every_bit_of_their_value() -> None:
    point = Point(1, 2, "batch", "loss", 0.1 + 0.2)
    received = receive(BytesIO(stream_of((Points(points=(point,)), b""))), EITHER)
    assert received
    assert isinstance(received[0], Points)
    assert received[0].points[0] == point
    assert isinstance(received[0].points[0], Point)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\n", "begins with no payload size"),
        (b"a stray print\n", "begins with no payload size: b'a stray print"),
        (b'-1 {"type": "text", "text": ""}\n', "begins with no payload size"),
        ("٣ {}\n".encode(), "begins with no payload size"),
        (b"9" * 5000 + b" {}\n", "begins with no payload size"),
        (b"4294967297 {}\n", "begins with no payload size"),
        (b"0\n", "begins with no payload size"),
        (b"0 \n", "is no message: : Invalid JSON"),
        (b'0 {"type": "text"\n', "is no message: : Invalid JSON"),
        (b"0 \xff\n", "is no message: : Invalid JSON"),
        (b"0 " + b"[" * 100_000 + b"\n", "is no message: : Invalid JSON"),
        (b"0 []\n", "is no message"),
        (b'0 {"text": "no kind"}\n', "Unable to extract tag using discriminator 'type'"),
        (b'0 {"type": "bomb"}\n', "Input tag 'bomb' found using 'type' does not match any of the expected tags"),
        (b'0 {"type": "text"}\n', "is no message: text.text: Field required"),
        (b'0 {"type": "text", "text": 3}\n', "is no message: text.text: Input should be a valid string"),
        (b'0 {"type": "text", "text": "", "more": 1}\n', "is no message: text.more: Extra inputs are not permitted"),
        (b'0 {"type": "points", "points": [[1, 1, "batch", "loss"]]}\n', "is no message: points.points.0"),
        (b'0 {"type": "points", "points": [[1, 1, "batch", "loss", null]]}\n', "is no message: points.points.0"),
    ],
)
def test_what_is_no_message_is_refused(line: bytes, reason: str) -> None:
    with pytest.raises(GarbledMessageError) as refusal:
        receive(BytesIO(line), EITHER)
    assert reason in str(refusal.value)
    assert len(str(refusal.value)) < 300


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipe, "MAX_LINE_BYTES", 1000)
    with pytest.raises(GarbledMessageError, match="more than 1,000 bytes"):
        receive(BytesIO(b"0" * 2000), EITHER)


@settings(deadline=None)
@given(st.binary(max_size=40), st.integers(0, 60))
def test_bytes_put_in_anywhere_are_refused_or_a_message(garbage: bytes, place: int) -> None:
    whole = stream_of((Text(text="a text", numbers=(1.0,)), b"payload"), (READY, b""))
    stream = BytesIO(whole[:place] + garbage + whole[place:])
    try:
        while (received := receive(stream, EITHER)) is not None:
            assert isinstance(received[0], Text)
    except GarbledMessageError:
        pass


CHATTERBOX = """
import sys

def main(name):
    print("a stray print", flush=True)
    sys.stdin.read()
"""


def test_a_process_that_sends_no_messages_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "chatterbox.py").write_text(CHATTERBOX, encoding="ascii")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    reports: SimpleQueue[Either] = SimpleQueue()
    exits: SimpleQueue[int] = SimpleQueue()
    process = WorkerProcess[Text, Either](
        "chatterbox", "name", EITHER, lambda report, _: reports.put(report), exits.put, oom_score=0
    )
    assert exits.get(timeout=DEADLINE) == -9
    assert reports.empty()
    process.send_order(READY)  # harmless
    process.close()


def test_a_process_killed_before_it_is_started_ends_and_one_that_cannot_be_started_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exits: SimpleQueue[int] = SimpleQueue()
    hold = threading.Event()
    start_child = worker_process.start_child

    def start_later(*arguments: Any, **options: Any) -> Child:
        assert hold.wait(DEADLINE)
        return start_child(*arguments, **options)

    monkeypatch.setattr(worker_process, "start_child", start_later)
    process = WorkerProcess[Text, Either](
        "tests.processes.jobs", "sleep", EITHER, lambda *_: None, exits.put, oom_score=0
    )
    assert process.pid is None
    process.kill()
    hold.set()
    assert exits.get(timeout=DEADLINE) == -9
    process.close()

    def fail(*_arguments: Any, **_options: Any) -> Child:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(worker_process, "start_child", fail)
    process = WorkerProcess[Text, Either](
        "tests.processes.jobs", "sleep", EITHER, lambda *_: None, exits.put, oom_score=0
    )
    assert exits.get(timeout=DEADLINE) == NOT_STARTED_EXIT_CODE
    process.close()


def test_messages_go_through_a_pipe_of_the_operating_system() -> None:
    source, target = os.pipe()
    with os.fdopen(source, "rb") as reading:
        with os.fdopen(target, "wb") as writing:
            send(writing, READY, b"\n\n")
            send(writing, READY)
        assert receive(reading, EITHER) == (READY, b"\n\n")
        assert receive(reading, EITHER) == (READY, b"")
        assert receive(reading, EITHER) is None
