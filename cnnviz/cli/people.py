"""Teachers and names of a server for a class, from the command line of its machine."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from cnnviz.cli.files import explain_os_errors, read_file, write_file
from cnnviz.errors import CnnvizError
from cnnviz.identity.pin import PinHasher
from cnnviz.identity.roster import MAX_ROSTER_BYTES, enroll, pin_sheet, read_roster
from cnnviz.identity.teacher_link import link_address
from cnnviz.runs.people import PeopleStore
from cnnviz.runs.store import Store
from cnnviz.secret_key import secret_key
from cnnviz.settings import Mode, settings
from cnnviz.words import count_label


@contextmanager
def open_people() -> Iterator[PeopleStore]:
    """Gives the people of the server whose settings these are, which may be running meanwhile."""
    if settings().mode == Mode.SINGLE:
        raise CnnvizError("CNNVIZ_MODE is single, so nobody logs in. Set it to class, here and for the server.")
    folder = settings().data_dir
    umask = os.umask(0o077)
    try:
        with explain_os_errors(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(Store(folder, settings().database_url)) as store:
            yield store.people
    finally:
        os.umask(umask)


def new_teacher_link(server: str) -> str:
    """Returns another link that makes a teacher, on a server at an address."""
    with open_people() as people:
        return link_address(people.new_teacher_link(), server)


def enroll_names(file: Path, sheet: Path | None, *, is_open: bool) -> str:
    """Puts the names in a CSV file on the list of the class, their PINs on a sheet, and returns what was done."""
    entries = read_roster(read_file(file, MAX_ROSTER_BYTES))
    with open_people() as people:
        if sheet:  # before anybody has a PIN that could not be written down
            _make_private_file(sheet)
        pins = PinHasher(secret_key(settings().data_dir)) if sheet else None
        listed = enroll(people, entries, pins)
        people.open_list(is_open)
        if sheet and listed:
            write_file(sheet, pin_sheet(listed, people.class_code()))
    others = "Names that are not on the list can come in, too." if is_open else "Nobody else can come in."
    return f"{count_label(len(entries), 'name')}, {len(listed)} of them without a PIN until now. {others}"


def _make_private_file(path: Path) -> None:
    """Makes an empty file for this user alone; raises CnnvizError where there is one: it may hold PINs."""
    try:
        with explain_os_errors(path):
            path.touch(mode=0o600, exist_ok=False)
    except CnnvizError:
        if path.exists():
            raise CnnvizError(
                f"{path} is there already, perhaps with PINs that are kept nowhere else. Choose another file."
            ) from None
        raise
