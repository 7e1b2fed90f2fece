"""Files that come too slowly, or for which the disk has no room."""

import asyncio
import secrets
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message

from cnnviz.settings import Settings
from cnnviz.ui import upload_route as module
from cnnviz.ui.identity import OWNER_HEADER
from cnnviz.ui.received_files import ReceivedFile, ReceivedFiles
from cnnviz.ui.upload_route import DISK_FULL_MESSAGE, MIN_BYTES_PER_SECOND, SILENT_SECONDS, FileForm, UploadRoute
from tests.clock import Clock

ANNA, SESSION = "s" + "a" * 31, "session"
BOUNDARY = "boundary"
HEAD = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="net.zip"\r\n\r\n'.encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()


class FullDisk(ReceivedFiles):
    """Files on a disk that takes nothing more."""

    @contextmanager
    def receive(self, owner: str, session_id: str, file_id: str, size: int) -> Iterator[ReceivedFile]:
        with super().receive(owner, session_id, file_id, size) as file:
            file.path.symlink_to("/dev/full")
            yield file


def result_of(work: Coroutine[Any, Any, FileForm]) -> FileForm:
    """Its result; this thread may have the event loop of a browser's tests."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def take(files: ReceivedFiles, chunks: list[bytes], clock: Clock, seconds: float = 0.0) -> FileForm:
    """Sends a form, with so many seconds before each of its chunks."""
    waiting = [*chunks]

    async def receive() -> Message:
        clock.now += seconds
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}", OWNER_HEADER: ANNA}
    scope = {"type": "http", "headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    length = sum(map(len, chunks))
    return result_of(
        UploadRoute(lambda: None, lambda: files)._take(Request(scope, receive), SESSION, "1", length)  # type: ignore[arg-type,misc,return-value]
    )


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(100.0)
    monkeypatch.setattr(module, "monotonic", clock)
    return clock


def test_a_byte_from_time_to_time_does_not_keep_a_place(tmp_path: Path, clock: Clock) -> None:
    files = ReceivedFiles(tmp_path / "received", Settings())
    letters = [bytes([letter]) for letter in HEAD + bytes(100) + TAIL]
    with pytest.raises(TimeoutError):
        take(files, letters, clock, SILENT_SECONDS - 1)
    assert clock.now < 100 + 3 * SILENT_SECONDS
    assert not list((tmp_path / "received").iterdir())


def test_a_slow_connection_is_fast_enough(tmp_path: Path, clock: Clock) -> None:
    files = ReceivedFiles(tmp_path / "received", Settings())
    content = secrets.token_bytes(200 * 2**16)
    chunks = [content[start : start + 2**16] for start in range(0, len(content), 2**16)]
    take(files, [HEAD, *chunks, TAIL], clock, 2**16 / MIN_BYTES_PER_SECOND)
    found = files.find(SESSION, "1")
    assert found
    assert (found.name, found.path.read_bytes()) == ("net.zip", content)


@pytest.mark.parametrize("size", [10, 2**20])
def test_a_disk_that_is_full_half_way_is_told_in_words_when_the_file_is_to_be_used(
    tmp_path: Path, clock: Clock, size: int
) -> None:
    files = FullDisk(tmp_path / "received", Settings())
    form = take(files, [HEAD, *[bytes(size)] * 3, TAIL], clock)
    assert (form.name, form.complete) == ("net.zip", True)
    found = files.find(SESSION, "1")
    assert found
    assert found.refusal == DISK_FULL_MESSAGE
    assert not list((tmp_path / "received").iterdir())
