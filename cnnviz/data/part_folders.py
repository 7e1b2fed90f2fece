"""Folders of an archive that are its split: train, val and test, with the folders of the classes inside."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import train_test_split

from cnnviz.data.archive_member import ArchiveMember
from cnnviz.data.arrays import Labels, PartNumbers
from cnnviz.words import quote_name

PART_FOLDERS = {
    **dict.fromkeys(("train", "training"), 0),
    **dict.fromkeys(("val", "valid", "validation", "dev"), 1),
    **dict.fromkeys(("test", "testing"), 2),
}
"""Names of folders, in lower case, and the number of the part that they hold."""
TRAINING, VALIDATION, TEST = range(3)
VALIDATION_SHARE = 0.1
"""Share of the training samples that are for validation where there is no folder for that."""


@dataclass(frozen=True)
class FolderSplit:
    """The part of each sample, (N,), and a sentence on where it comes from."""

    parts: PartNumbers
    sentence: str


def read_part_folders(members: Sequence[ArchiveMember], y: Labels) -> FolderSplit | None:
    """Returns the split that the folders around those of the classes say; None where they say none.

    Where one of them is missing, its samples are taken from another, with each class in its share.
    """
    depth = next((depth for depth in range(2) if all(_part_at(member, depth) is not None for member in members)), None)
    if depth is None:
        return None
    parts = np.array([_part_at(member, depth) for member in members], np.int8)
    present = set(parts.tolist())
    if TRAINING not in present or len(present) < 2:
        return None
    names = sorted({member.folders[depth] for member in members}, key=lambda name: PART_FOLDERS[name.lower()])
    sentence = f"The folders {', '.join(map(quote_name, names))} are used as its split."
    if VALIDATION not in present:
        _move_share(parts, y, TRAINING, VALIDATION, VALIDATION_SHARE)
        sentence += " None is for validation, so a tenth of the training samples are set aside for it."
    if TEST not in present:
        _move_share(parts, y, VALIDATION, TEST, 0.5)
        sentence += " None is for the test, so half of the validation samples are set aside for it."
    return FolderSplit(parts, sentence)


def _part_at(member: ArchiveMember, depth: int) -> int | None:
    """Returns the part that the folder at some depth names, if there is the folder of a class in it."""
    return PART_FOLDERS.get(member.folders[depth].lower()) if depth < len(member.folders) - 1 else None


def _move_share(parts: PartNumbers, y: Labels, source: int, target: int, share: float) -> None:
    """Moves a share of the samples of one part to another, always the same ones, if possible the same of each class."""
    candidates = np.flatnonzero(parts == source)
    try:
        _, moved = train_test_split(candidates, test_size=share, stratify=y[candidates], random_state=42)
    except ValueError:  # too few of a class; the split says which then has none
        moved = np.random.default_rng(42).permutation(candidates)[: max(round(share * len(candidates)), 1)]
    parts[moved] = target
