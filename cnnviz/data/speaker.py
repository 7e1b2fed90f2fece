"""Who speaks in a recording, as the file's name tells: needed for a split in which no voice is in two parts."""

import re
from collections.abc import Sequence

from cnnviz.data.member import quoted
from cnnviz.errors import DataError

MAX_TEMPLATE = 60
"""Characters of a template."""
MAX_STEM = 100
"""Characters of a name that a template is tried on: three gaps in a template can take the cube of them in steps."""

_COMMANDS = re.compile(r"([0-9a-f]{8})_nohash_[0-9]{1,9}")
"""Names of Speech Commands: eight hex digits for the speaker."""
_GAPS = {"{speaker}": r"(.+?)", "{n}": r"[0-9]+", "*": r".*"}
_GAP = re.compile(r"(\{speaker\}|\{n\}|\*)")


def speakers(names: Sequence[str], template: str | None = None) -> tuple[str, ...] | None:
    """The speaker of each file by its name, or None where the names do not tell.

    A template such as “{speaker}_{n}” or “{speaker}-*” says where the speaker stands: {n} is a number, * is anything,
    the ending of the file is left out. Without one, names as in Speech Commands and then {speaker}_{n} are tried.
    Raises DataError when the template cannot be used or a name does not fit it.

    >>> speakers(["anna_0.wav", "anna_1.wav", "bert_0.wav"], "{speaker}_{n}")
    ('anna', 'anna', 'bert')
    """
    stems = [name.rpartition(".")[0] or name for name in names]
    if template is not None:
        return _told(stems, pattern(template), template)
    for guess in (_COMMANDS, pattern("{speaker}_{n}")):
        found = _found(stems, guess)
        if None not in found and 1 < len(set(found)) < len(found):
            return tuple(str(each) for each in found)
    return None


def pattern(template: str) -> re.Pattern[str]:
    """A template as a regular expression, in which all that is no gap stands for itself; raises DataError.

    Source of the bound: each gap is there at most once, and `MAX_STEM` bounds what it is tried on.
    """
    pieces = _GAP.split(template)
    gaps = pieces[1::2]
    if len(template) > MAX_TEMPLATE or gaps.count("{speaker}") != 1 or len(set(gaps)) != len(gaps):
        raise DataError(
            f"The template {quoted(template)} cannot be used: it needs {{speaker}} once and may have {{n}} and * once"
            f" each, {MAX_TEMPLATE} characters at most, such as {{speaker}}_{{n}}."
        )
    if "{speaker}*" in template or "*{speaker}" in template:
        raise DataError(
            f"The template {quoted(template)} does not say where the speaker ends: put what stands between {{speaker}}"
            " and *, such as {speaker}-*."
        )
    text = "".join(_GAPS[piece] if at % 2 else re.escape(piece) for at, piece in enumerate(pieces))
    return re.compile(text, re.DOTALL)


def _found(stems: Sequence[str], pattern: re.Pattern[str]) -> list[str | None]:
    matches = (pattern.fullmatch(stem) if len(stem) <= MAX_STEM else None for stem in stems)
    return [match and match[1] for match in matches]


def _told(stems: Sequence[str], pattern: re.Pattern[str], template: str) -> tuple[str, ...]:
    found = _found(stems, pattern)
    strangers = [stem for stem, speaker in zip(stems, found, strict=True) if speaker is None]
    if strangers:
        raise DataError(
            f"{len(strangers):,} of {len(stems):,} file names do not fit the template {quoted(template)}, first"
            f" {quoted(strangers[0])}. Change the template or rename the files."
        )
    return tuple(str(each) for each in found)
