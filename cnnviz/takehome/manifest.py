"""What a zip of a run says of it in words and numbers: run.json, checked when it comes back from a stranger."""

import unicodedata
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from cnnviz import __version__
from cnnviz.data.classes import MAX_CLASS_NAME_LENGTH, MAX_CLASSES
from cnnviz.takehome.run_archive import RunArchive

FORMAT: Literal[1] = 1
"""Of the zip; a change that older versions of cnnviz cannot read is another one."""
MAX_TITLE = 200
MAX_MESSAGE = 4_000
"""Characters."""
MAX_TIMESTAMP = 253_370_764_800.0
"""The first of the year 9999, since 1970: later dates are none to Python."""
MAX_COUNT = 2**31 - 1
"""Of steps and epochs: a column of the database holds no more."""
MIN_DEVIATION = 1e-13
"""Deviation that samples are divided by; no data set's is smaller."""
MAX_MOMENTS = 1_000_000
"""Means that samples were scaled by, at most: one for each place of an axis."""

_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def replace_invisible(text: str) -> str:
    r"""A stranger's text with � for what nobody can see, which databases and pages take ill; line breaks stay.

    >>> replace_invisible("Anna’s net\x00")
    'Anna’s net�'
    """
    return "".join(
        "�"
        if (unicodedata.category(each) in _INVISIBLE_CATEGORIES and each != "\n") or each in _BIDI_CONTROLS
        else each
        for each in text
    )


VisibleText = AfterValidator(replace_invisible)
Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]
Moments = Annotated[
    tuple[Annotated[float, Field(ge=-3.5e38, le=3.5e38)], ...],
    Field(strict=False, min_length=1, max_length=MAX_MOMENTS),
]


class _StrictModel(BaseModel):
    """Whatever else a later cnnviz writes is passed over."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)


class ScaleFacts(_StrictModel):
    """As `Scale.facts` has it."""

    floor: float | None = None
    mean: Moments | None = None
    std: Moments | None = None

    @model_validator(mode="after")
    def _paired(self) -> Self:
        if len(self.mean or ()) != len(self.std or ()):
            raise ValueError("must have as many means as deviations")
        if min(self.std or (1,)) < MIN_DEVIATION:
            raise ValueError("must have deviations that samples can be divided by")
        return self


class Facts(_StrictModel):
    """What was found out about the samples."""

    parts: Annotated[tuple[Count, Count, Count], Field(strict=False)] | None = None
    scale: ScaleFacts | None = None


class Manifest(_StrictModel):
    """Everything of a parcel but its design, its settings, its points and its arrays, which are files of their own."""

    format: Literal[1]
    cnnviz: Annotated[str, Field(max_length=40)]
    title: Annotated[str, Field(max_length=MAX_TITLE), VisibleText]
    status: Literal["done", "stopped", "failed"]
    created: Annotated[float, Field(ge=0, le=MAX_TIMESTAMP)]
    worked: Annotated[float, Field(ge=0, le=MAX_TIMESTAMP)]
    device: Annotated[str, Field(max_length=32), VisibleText]
    message: Annotated[str, Field(max_length=MAX_MESSAGE), VisibleText]
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
    facts: Facts

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("must name every class once")
        return self


ARCHIVE_FIELDS = ("title", "status", "created", "worked", "device", "message", "steps", "best_epoch", "dataset", "axes")
"""What a manifest and a parcel have in common as it is."""


def build_manifest(archive: RunArchive) -> Manifest:
    """That of a parcel; texts that are longer than is read back are cut."""
    copied: dict[str, Any] = {name: getattr(archive, name) for name in ARCHIVE_FIELDS}
    shortened = {"title": archive.title[:MAX_TITLE], "message": archive.message[:MAX_MESSAGE]}
    classes = archive.classes or (archive.predictions.classes if archive.predictions else ())
    facts = Facts.model_validate(archive.facts)
    return Manifest(format=FORMAT, cnnviz=__version__, **copied | shortened, classes=classes, facts=facts)
