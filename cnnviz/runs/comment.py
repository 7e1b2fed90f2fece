"""A comment that a teacher leaves on a run, for its student."""

from dataclasses import dataclass

MAX_COMMENT_LENGTH = 2000


@dataclass(frozen=True)
class Comment:
    """What somebody has said of a run; the time is in seconds since 1970."""

    run_id: str
    author: str
    """Name of who has written it, as it was then."""
    text: str
    created: float
    id: int = 0
