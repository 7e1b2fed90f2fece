"""The address that browsers send files to, in place of Streamlit's own, which keeps them in memory."""

import asyncio
import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from typing import BinaryIO, cast

from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from cnnviz.errors import LimitError
from cnnviz.ui.identity import OWNER_HEADER
from cnnviz.ui.received_files import ReceivedFiles

UPLOAD_PATH = re.compile(r"/_stcore/upload_file/([^/]+)/([^/]+)")
SILENT_SECONDS = 30.0
"""How long nothing of a file may come: its announced length keeps others from sending theirs."""
MIN_BYTES_PER_SECOND = 2**15
"""Least mean speed of a file after that time, for the same reason: a byte from time to time does not do."""
DISK_FULL_MESSAGE = (
    "The server could not take this file; its disk may be full. Try again later, or tell whoever runs the server."
)
FRAMING_BYTES = 2**16
"""What a form may take beside the file in it: boundaries, names, types."""
log = logging.getLogger(__name__)


class FileForm:
    """A form with one file in it, as it arrives: the content goes to `file`."""

    def __init__(self, content_type: str, file: BinaryIO) -> None:
        """Raises ValueError where the type is none of a form."""
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise ValueError("no form")
        self.name, self.type, self.parts, self.complete = "", "application/octet-stream", 0, False
        self.write_error: OSError | None = None
        """Why the file could not be written to its end; the rest of the form is read nevertheless."""
        self._file = file
        self._header, self._value = b"", b""
        self._parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._begin_part,
                "on_part_data": self._write,
                "on_header_field": self._add_to_header,
                "on_header_value": self._add_to_value,
                "on_header_end": self._end_header,
                "on_end": self._end,
            },
        )

    def feed(self, data: bytes) -> None:
        """Takes the next bytes; raises ValueError where they are no form."""
        self._parser.write(data)

    def _begin_part(self) -> None:
        self.parts += 1

    def _write(self, data: bytes, start: int, end: int) -> None:
        try:
            if self.write_error is None:
                self._file.write(memoryview(data)[start:end])
        except OSError as error:
            self.write_error = error

    def _add_to_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        name, value = self._header.lower(), self._value
        self._header, self._value = b"", b""
        if name == b"content-disposition":
            _, options = parse_options_header(value)
            self.name = options.get(b"filename", b"").decode("utf-8", "replace")
        elif name == b"content-type":
            self.type = value.decode("latin-1")

    def _end(self) -> None:
        self.complete = True


class UploadRoute:
    """Middleware that takes files for the session that a student has open, and for no other."""

    def __init__(self, app: ASGIApp, files: Callable[[], ReceivedFiles]) -> None:
        """`files` returns where they go; it is called once requests arrive."""
        self._app = app
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers PUT and DELETE of a file; everything else goes on."""
        match = UPLOAD_PATH.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if match is None or scope["method"] not in ("PUT", "DELETE"):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        session_id, file_id = match.groups()
        response = Response(status_code=HTTPStatus.NO_CONTENT)
        try:
            if not _is_own_session(request, session_id):
                raise HTTPException(HTTPStatus.FORBIDDEN, "This session is not open, or not yours. Reload the page.")
            if scope["method"] == "PUT":
                await self._receive_file(request, session_id, file_id)
            else:
                await asyncio.to_thread(self._files().remove, session_id, file_id)
                streamlit_files().remove_file(session_id, file_id)
        except HTTPException as error:
            response = PlainTextResponse(error.detail, error.status_code)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _receive_file(self, request: Request, session_id: str, file_id: str) -> None:
        """Takes the file of a request; raises HTTPException with the reason where it is refused."""
        length = request.headers.get("content-length", "")
        if not length.isdecimal():
            raise HTTPException(HTTPStatus.LENGTH_REQUIRED, "A file must be sent with its length.")
        max_bytes = int(config.get_option("server.maxUploadSize")) * 2**20 + FRAMING_BYTES
        if int(length) > max_bytes:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "This file is too large.")
        try:
            form = await self._take(request, session_id, file_id, int(length))
        except TimeoutError:
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, "This file came too slowly.") from None
        except ValueError:
            raise HTTPException(HTTPStatus.BAD_REQUEST, "This is not a form with one file in it.") from None
        # Streamlit knows the file, without its content
        record = UploadedFileRec(file_id=file_id, name=form.name, type=form.type, data=b"")
        streamlit_files().add_file(session_id, record)

    async def _take(self, request: Request, session_id: str, file_id: str, length: int) -> FileForm:
        """Writes a file, or where there is no room for it reads it to its end and keeps the reason.

        A browser that gets another answer shows its number, not its text.
        """
        owner = request.headers[OWNER_HEADER]
        form: FileForm | None = None
        try:
            with self._files().receive(owner, session_id, file_id, length) as received, _disk_errors_as_refusals():
                with received.path.open("wb") as file:
                    form = await _read_form(request, file, length)
                if form.write_error:
                    raise form.write_error
                received.name, received.size = form.name, received.path.stat().st_size
        except LimitError as error:
            if form is None:
                with Path(os.devnull).open("wb") as file:
                    form = await _read_form(request, file, length)
            self._files().refuse(owner, session_id, file_id, str(error))
        return form


@contextmanager
def _disk_errors_as_refusals() -> Iterator[None]:
    """Raises LimitError with a sentence where a file cannot be written."""
    try:
        yield
    except TimeoutError:  # an OSError, too: of the browser
        raise
    except OSError:
        log.exception("a file could not be taken")
        raise LimitError(DISK_FULL_MESSAGE) from None


def streamlit_files() -> MemoryUploadedFileManager:
    """Returns what Streamlit knows of files."""
    return cast("MemoryUploadedFileManager", Runtime.instance().uploaded_file_mgr)


async def _read_form(request: Request, file: BinaryIO, length: int) -> FileForm:
    """Writes the file in the form that a request brings.

    Raises ValueError where there is not exactly one, TimeoutError where it comes too slowly.
    """
    form = FileForm(request.headers.get("content-type", ""), file)
    received, started = 0, monotonic()
    chunks = request.stream()
    while (chunk := await asyncio.wait_for(anext(chunks, None), SILENT_SECONDS)) is not None:
        received += len(chunk)
        if received > length:
            raise ValueError("more than announced")
        form.feed(chunk)
        if monotonic() - started > SILENT_SECONDS + received / MIN_BYTES_PER_SECOND:
            raise TimeoutError("slower than MIN_BYTES_PER_SECOND")
    if form.parts != 1 or not form.complete:
        raise ValueError("not one whole file")
    return form


def _is_own_session(request: Request, session_id: str) -> bool:
    """Whether a session is open, by the student whose request this is."""
    client = Runtime.instance().get_client(session_id)
    context = client.client_context if client else None
    if context is None:
        return False
    owners = [value for name, value in context.headers if name.lower() == OWNER_HEADER]
    return owners == [request.headers[OWNER_HEADER]]
