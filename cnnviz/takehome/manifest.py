"""The run.json in the zip of a run, validated when such a zip is uploaded."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from cnnviz import __version__
from cnnviz.data.classes import MAX_CLASS_NAME_LENGTH, MAX_CLASSES
from cnnviz.takehome.archive_facts import ArchiveFacts, Count, StrictModel
from cnnviz.takehome.run_archive import RunArchive
from cnnviz.words import is_invisible

FORMAT: Literal[1] = 1
"""Version of the zip's format; a change that older versions of cnnviz cannot read raises it."""
MAX_TITLE, MAX_MESSAGE = 200, 4_000
"""Maximum lengths of a title and of a message, in characters."""
MAX_TIMESTAMP = 253_370_764_800.0
"""1 January 9999, in seconds since 1970: Python's dates end with that year."""


def replace_invisible(text: str) -> str:
    r"""Replaces invisible characters, which databases and pages handle badly, by �; line breaks stay.

    >>> replace_invisible("Anna’s net\x00")
    'Anna’s net�'
    """
    return "".join("�" if is_invisible(character) and character != "\n" else character for character in text)


VisibleText = AfterValidator(replace_invisible)


class Manifest(StrictModel):
    """Description of a run; design, settings, points and arrays have files of their own."""

    format: Literal[1]
    cnnviz: Annotated[str, Field(max_length=40)]
    title: Annotated[str, Field(max_length=MAX_TITLE), VisibleText]
    status: Literal["done", "stopped", "failed"]
    created: Annotated[float, Field(ge=0, le=MAX_TIMESTAMP)]
    worked: Annotated[float, Field(ge=0, le=MAX_TIMESTAMP)]
    device: Annotated[str, Field(max_length=32), VisibleText]
    message: Annotated[str, Field(max_length=MAX_MESSAGE), VisibleText]
    end_reason: Annotated[str, Field(max_length=40)] | None = None
    """A value of `EndReason`; missing in archives of older versions."""
    steps: Count
    best_epoch: Count
    dataset: Annotated[str, Field(max_length=MAX_TITLE), VisibleText]
    axes: Annotated[
        tuple[Literal["channel", "time", "band", "depth", "height", "width"], ...], Field(strict=False, max_length=4)
    ]
    classes: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=MAX_CLASS_NAME_LENGTH), VisibleText], ...],
        Field(strict=False, max_length=MAX_CLASSES),
    ]
    facts: ArchiveFacts

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("must name every class once")
        return self


ARCHIVE_FIELDS = ("title", "status", "created", "worked", "device", "message", "steps", "best_epoch", "dataset", "axes")
"""Fields that a manifest and a run archive share unchanged."""


def build_manifest(archive: RunArchive) -> Manifest:
    """Returns the manifest of a run; texts too long to be read back are cut."""
    copied: dict[str, Any] = {name: getattr(archive, name) for name in ARCHIVE_FIELDS}
    shortened = {"title": archive.title[:MAX_TITLE], "message": archive.message[:MAX_MESSAGE]}
    classes = archive.classes or (archive.predictions.classes if archive.predictions else ())
    return Manifest(
        format=FORMAT,
        cnnviz=__version__,
        **copied | shortened,
        classes=classes,
        facts=archive.facts,
        end_reason=archive.end_reason.value,
    )
