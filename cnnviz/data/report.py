"""Summary of an import in a few sentences."""

from collections.abc import Mapping
from dataclasses import dataclass, field

EXPLANATIONS = {
    "clipped": ", their loudest parts are cut off flat",
    "rescaled": ", their values were not between −1 and 1 but on the scale of integers",
}
"""What else is to be said of a treatment."""
MAX_NAMED_FILES = 5
"""Damaged files that are mentioned by name."""


@dataclass(frozen=True)
class ImportReport:
    """Numbers of files that an import used, left out or changed.

    noun: what the files are called. damaged: a sentence for each file that could not be read. skipped: files of another
    kind in the class folders. treatments: how many files were “resampled”, “padded”, “cut”, “rescaled” or
    are “clipped”. split: a sentence on the split that the folders are.
    """

    noun: str
    used: int
    damaged: tuple[str, ...] = ()
    skipped: int = 0
    treatments: Mapping[str, int] = field(default_factory=dict)
    split: str = ""

    def sentences(self) -> tuple[str, ...]:
        """Returns a sentence for each thing that happened, the most important first.

        >>> ImportReport("sounds", 90, ("“a/b.wav” is a damaged sound file.",), treatments={"cut": 2}).sentences()[1:]
        ('1 file could not be read and was left out: “a/b.wav” is a damaged sound file.', 'Cut: 2 of 90.')
        """
        lines = [f"{self.used:,} {self.noun} were read."] + ([self.split] if self.split else [])
        if self.damaged:
            count = len(self.damaged)
            more = f" … and {count - MAX_NAMED_FILES:,} more." if count > MAX_NAMED_FILES else ""
            files = "1 file could not be read and was" if count == 1 else f"{count:,} files could not be read and were"
            lines.append(f"{files} left out: {' '.join(self.damaged[:MAX_NAMED_FILES])}{more}")
        if self.skipped:
            lines.append(f"Files of other kinds, which were skipped: {self.skipped:,}.")
        lines += [
            f"{word.capitalize()}: {count:,} of {self.used:,}{EXPLANATIONS.get(word, '')}."
            for word, count in self.treatments.items()
        ]
        return tuple(lines)
