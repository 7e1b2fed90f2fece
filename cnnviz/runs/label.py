"""Labels of runs: the name, star and tags that a student gives them."""

from collections.abc import Sequence
from dataclasses import dataclass

from cnnviz.errors import DesignError

MAX_TITLE_LENGTH, MAX_TAG_LENGTH = 60, 24
"""Characters."""
MAX_TAGS = 8


@dataclass(frozen=True)
class Label:
    """Name, star and tags of a run; raises DesignError where one is too long or there are too many."""

    title: str = ""
    starred: bool = False
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", _clean_line(self.title))
        object.__setattr__(self, "tags", tuple(dict.fromkeys(tag for text in self.tags if (tag := _clean_line(text)))))
        if len(self.title) > MAX_TITLE_LENGTH:
            raise DesignError(f"A name has at most {MAX_TITLE_LENGTH} characters; this one has {len(self.title)}.")
        if len(self.tags) > MAX_TAGS:
            raise DesignError(f"A run has at most {MAX_TAGS} tags; these are {len(self.tags)}.")
        if too_long := next((tag for tag in self.tags if len(tag) > MAX_TAG_LENGTH), None):
            raise DesignError(
                f"A tag has at most {MAX_TAG_LENGTH} characters; “{too_long[:MAX_TAG_LENGTH]}…” has {len(too_long)}."
            )


def parse_tags(text: str) -> Sequence[str]:
    """Returns the tags in a line that separates them by commas.

    >>> parse_tags("deep, lab ,")
    ['deep', 'lab']
    """
    return [tag.strip() for tag in text.split(",") if tag.strip()]


def _clean_line(text: str) -> str:
    """Returns a text as one line without invisible characters."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def fitting_title(text: str) -> str:
    """Returns a text as the title of a run, cut where it is too long.

    >>> fitting_title("+BatchNorm"), fitting_title("x" * 99) == "x" * 59 + "…"
    ('+BatchNorm', True)
    """
    return text if len(text) <= MAX_TITLE_LENGTH else f"{text[: MAX_TITLE_LENGTH - 1]}…"
