"""What is known of the samples of a run in an archive: the sizes of their parts, and how they were scaled."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MAX_COUNT = 2**31 - 1
"""Largest number of steps or epochs that a column of the database holds."""
MIN_DEVIATION = 1e-13
"""Smallest deviation that samples may be divided by; no data set has a smaller one."""
MAX_MOMENTS = 1_000_000
"""Maximum number of means for scaling, which may differ between the positions along an axis."""
Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]
Moments = Annotated[
    tuple[Annotated[float, Field(ge=-3.5e38, le=3.5e38)], ...],
    Field(strict=False, min_length=1, max_length=MAX_MOMENTS),
]


class StrictModel(BaseModel):
    """A model that ignores fields which later versions of cnnviz may add."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)


class ArchiveScale(StrictModel):
    """Scaling of the samples, in the format of `Scale.to_dict`."""

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


class ArchiveFacts(StrictModel):
    """Sizes of the parts, and scaling, of the samples of a run."""

    parts: Annotated[tuple[Count, Count, Count], Field(strict=False)] | None = None
    scale: ArchiveScale | None = None
