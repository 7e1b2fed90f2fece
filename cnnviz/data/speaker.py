"""Speakers of recordings, read from the names of the files: needed for a split in which no voice is in two parts."""

import re
from collections.abc import Sequence

from cnnviz.errors import DataError
from cnnviz.words import quote_name

MAX_TEMPLATE_LENGTH = 60
"""Characters in a template."""
MAX_STEM_LENGTH = 100
"""Longest name that a template is matched with: three placeholders can take as many steps as the cube of its length."""

_SPEECH_COMMANDS_NAME = re.compile(r"([0-9a-f]{8})_nohash_[0-9]{1,9}")
"""File names in Speech Commands: eight hex digits identify the speaker."""
_PLACEHOLDERS = {"{speaker}": r"(.+?)", "{n}": r"[0-9]+", "*": r".*"}
_PLACEHOLDER = re.compile(r"(\{speaker\}|\{n\}|\*)")


def find_speakers(names: Sequence[str], template: str | None = None) -> tuple[str, ...] | None:
    """Returns the speaker of each file according to its name, or None if the names do not show the speakers.

    A template such as “{speaker}_{n}” or “{speaker}-*” says where the speaker is: {n} is a number, * is anything, and
    the extension of the file is ignored. Without a template, names as in Speech Commands and then {speaker}_{n} are
    tried. Raises DataError when the template cannot be used or a name does not fit it.

    >>> find_speakers(["anna_0.wav", "anna_1.wav", "bert_0.wav"], "{speaker}_{n}")
    ('anna', 'anna', 'bert')
    """
    stems = [name.rpartition(".")[0] or name for name in names]
    if template is not None:
        return _speakers_by_template(stems, template_pattern(template), template)
    for candidate in (_SPEECH_COMMANDS_NAME, template_pattern("{speaker}_{n}")):
        matched = _match_speakers(stems, candidate)
        if None not in matched and 1 < len(set(matched)) < len(matched):
            return tuple(str(each) for each in matched)
    return None


def template_pattern(template: str) -> re.Pattern[str]:
    """Turns a template into a regular expression; raises DataError when it cannot be used.

    Matching takes bounded time: each placeholder occurs at most once, and no name is longer than MAX_STEM_LENGTH.
    """
    pieces = _PLACEHOLDER.split(template)
    placeholders = pieces[1::2]
    if (
        len(template) > MAX_TEMPLATE_LENGTH
        or placeholders.count("{speaker}") != 1
        or len(set(placeholders)) != len(placeholders)
    ):
        raise DataError(
            f"The template {quote_name(template)} cannot be used: it needs {{speaker}} once, may have {{n}} and * once"
            f" each, and at most {MAX_TEMPLATE_LENGTH} characters; an example is {{speaker}}_{{n}}."
        )
    if "{speaker}*" in template or "*{speaker}" in template:
        raise DataError(
            f"The template {quote_name(template)} does not say where the speaker ends: put the characters between"
            " {speaker} and * into it, as in {speaker}-*."
        )
    text = "".join(_PLACEHOLDERS[piece] if index % 2 else re.escape(piece) for index, piece in enumerate(pieces))
    return re.compile(text, re.DOTALL)


def _match_speakers(stems: Sequence[str], pattern: re.Pattern[str]) -> list[str | None]:
    matches = (pattern.fullmatch(stem) if len(stem) <= MAX_STEM_LENGTH else None for stem in stems)
    return [match and match[1] for match in matches]


def _speakers_by_template(stems: Sequence[str], pattern: re.Pattern[str], template: str) -> tuple[str, ...]:
    matched = _match_speakers(stems, pattern)
    unmatched = [stem for stem, speaker in zip(stems, matched, strict=True) if speaker is None]
    if unmatched:
        raise DataError(
            f"{len(unmatched):,} of {len(stems):,} file names do not fit the template {quote_name(template)}, the"
            f" first being {quote_name(unmatched[0])}. Change the template or rename the files."
        )
    return tuple(str(each) for each in matched)
