"""What a student calls a run, and by what it is found again."""

from collections.abc import Sequence
from dataclasses import dataclass

from cnnviz.errors import DesignError

MOST_TITLE, MOST_TAG = 60, 24
"""Characters."""
MOST_TAGS = 8


@dataclass(frozen=True)
class Label:
    """Name, star and tags of a run; raises DesignError for what is too long."""

    title: str = ""
    starred: bool = False
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", _line(self.title))
        object.__setattr__(self, "tags", tuple(dict.fromkeys(tag for each in self.tags if (tag := _line(each)))))
        if len(self.title) > MOST_TITLE:
            raise DesignError(f"A name has at most {MOST_TITLE} characters; this one has {len(self.title)}.")
        if len(self.tags) > MOST_TAGS:
            raise DesignError(f"A run has at most {MOST_TAGS} tags; these are {len(self.tags)}.")
        if long := next((tag for tag in self.tags if len(tag) > MOST_TAG), None):
            raise DesignError(f"A tag has at most {MOST_TAG} characters; “{long[:MOST_TAG]}…” has {len(long)}.")


def tags_of(text: str) -> Sequence[str]:
    """The tags in a line, with commas between.

    >>> tags_of("deep, lab ,")
    ['deep', 'lab']
    """
    return [tag.strip() for tag in text.split(",") if tag.strip()]


def _line(text: str) -> str:
    """One line without what cannot be seen."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
