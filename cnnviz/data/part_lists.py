"""Lists in an archive that say which files are for validation and which for the test, as in Speech Commands.

`validation_list.txt` and `testing_list.txt` are at the top of the archive, with one “folder/file” on each line; files
in neither are for training.
"""

from collections.abc import Sequence

import numpy as np

from cnnviz.data.archive import Archive
from cnnviz.data.archive_member import ArchiveMember
from cnnviz.data.arrays import PartNumbers
from cnnviz.errors import DataError
from cnnviz.words import count_label, quote_name

LIST_NAMES = ("validation_list.txt", "testing_list.txt")
MAX_LIST_BYTES = 16 * 2**20


def read_part_lists(archive: Archive, members: Sequence[ArchiveMember]) -> PartNumbers | None:
    """Returns the part of each member, (N,), or None if a list is missing or the lists name none of the members.

    Raises DataError when a file is in both lists.
    """
    texts = [archive.read_text(name, MAX_LIST_BYTES) for name in LIST_NAMES]
    if None in texts:
        return None
    validation, test = ({line.strip().removeprefix("./") for line in (text or "").splitlines()} for text in texts)
    shared_lines = {line for line in validation & test if line}
    if shared_lines:
        raise DataError(
            f"{LIST_NAMES[0]} and {LIST_NAMES[1]} have {count_label(len(shared_lines), 'file')} in common, the first"
            f" being {quote_name(min(shared_lines))}, so the test would not be fair. Remove these files from one of"
            " the lists."
        )
    parts = [1 if member.path in validation else 2 if member.path in test else 0 for member in members]
    return np.array(parts, np.int8) if any(parts) else None
