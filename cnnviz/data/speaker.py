"""Who speaks in a recording, as the file's name tells: needed for a split in which no voice is in two parts."""

import re
from collections.abc import Sequence

from cnnviz.errors import DataError
from cnnviz.words import quote_name

MAX_TEMPLATE_LENGTH = 60
"""Characters of a template."""
MAX_STEM_LENGTH = 100
"""Characters of a name that a template is tried on: three gaps in a template can take the cube of them in steps."""

_SPEECH_COMMANDS_NAME = re.compile(r"([0-9a-f]{8})_nohash_[0-9]{1,9}")
"""Names of Speech Commands: eight hex digits for the speaker."""
_PLACEHOLDERS = {"{speaker}": r"(.+?)", "{n}": r"[0-9]+", "*": r".*"}
_PLACEHOLDER = re.compile(r"(\{speaker\}|\{n\}|\*)")


def find_speakers(names: Sequence[str], template: str | None = None) -> tuple[str, ...] | None:
    """The speaker of each file by its name, or None where the names do not tell.

    A template such as “{speaker}_{n}” or “{speaker}-*” says where the speaker stands: {n} is a number, * is anything,
    the ending of the file is left out. Without one, names as in Speech Commands and then {speaker}_{n} are tried.
    Raises DataError when the template cannot be used or a name does not fit it.

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
    """A template as a regular expression, in which all that is no gap stands for itself; raises DataError.

    Source of the bound: each gap is there at most once, and `MAX_STEM` bounds what it is tried on.
    """
    pieces = _PLACEHOLDER.split(template)
    placeholders = pieces[1::2]
    if (
        len(template) > MAX_TEMPLATE_LENGTH
        or placeholders.count("{speaker}") != 1
        or len(set(placeholders)) != len(placeholders)
    ):
        raise DataError(
            f"The template {quote_name(template)} cannot be used: it needs {{speaker}} once and may have {{n}} and *"
            " once"
            f" each, {MAX_TEMPLATE_LENGTH} characters at most, such as {{speaker}}_{{n}}."
        )
    if "{speaker}*" in template or "*{speaker}" in template:
        raise DataError(
            f"The template {quote_name(template)} does not say where the speaker ends: put what stands between"
            f" {{speaker}}"
            " and *, such as {speaker}-*."
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
            f"{len(unmatched):,} of {len(stems):,} file names do not fit the template {quote_name(template)}, first"
            f" {quote_name(unmatched[0])}. Change the template or rename the files."
        )
    return tuple(str(each) for each in matched)
