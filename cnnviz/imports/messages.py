"""Messages between the server and the process that reads an upload: one order, then reports on it."""

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, unquote_to_bytes

from pydantic import Field, PlainSerializer, PlainValidator, TypeAdapter

from cnnviz.data.form import PictureForm, SoundForm
from cnnviz.processes.pipe import PipeMessage

FilePath = Annotated[
    Path,
    PlainValidator(lambda path: Path(os.fsdecode(unquote_to_bytes(path))) if isinstance(path, str) else path),
    PlainSerializer(lambda path: quote(os.fsencode(path)), return_type=str, when_used="json"),
]
"""A path of any bytes, percent-encoded in JSON: the name of a file need not be UTF-8."""
ImportForm = SoundForm | PictureForm
"""What the files become; no field of the one is a field of the other."""


class ImportOrder(PipeMessage):
    """Read an archive into a data set."""

    type: Literal["import"] = "import"
    owner: str
    for_class: bool = False
    """Whether it becomes a data set of the server, for everybody, instead of one of its owner."""
    name: str
    title: str
    path: FilePath
    """The archive."""
    scratch: FilePath
    """Folder for what is decoded, which may be larger than the memory."""
    source: str = ""
    """Changes with the archive, if that is one of the server."""
    form: ImportForm | None = None
    """None: what most of the files suggest."""
    template: str | None = None
    """How the names of files tell speaker and word."""
    max_bytes: int
    max_seconds: float


class ProgressReport(PipeMessage):
    """So many files of so many are read."""

    type: Literal["progress"] = "progress"
    done: int
    total: int


class DoneReport(PipeMessage):
    """The data set is there."""

    type: Literal["done"] = "done"
    report: tuple[str, ...]
    """Sentences on what was read and what was left out."""


class RefusedReport(PipeMessage):
    """The archive cannot be used."""

    type: Literal["refused"] = "refused"
    message: str


ImportReport = ProgressReport | DoneReport | RefusedReport
ORDERS: TypeAdapter[ImportOrder] = TypeAdapter(ImportOrder)
REPORTS: TypeAdapter[ImportReport] = TypeAdapter(Annotated[ImportReport, Field(discriminator="type")])
