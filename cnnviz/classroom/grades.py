"""Grades as Moodle imports them: a CSV file with the columns of its own grade export.

Moodle asks by which column it finds a student (“Map from … to …”: email address or ID number) and which column is the
grade. Cnnviz knows names; e-mail addresses and ID numbers come from a grade export or list of participants of the
course, in which students are found by their names. Source: docs.moodle.org/en/Grade_import.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cnnviz.errors import DataError
from cnnviz.words import spreadsheet_text

FIRST_NAME, LAST_NAME, ID_NUMBER, EMAIL = "First name", "Last name", "ID number", "Email address"
IDENTITY_COLUMNS = (FIRST_NAME, LAST_NAME, ID_NUMBER, "Institution", "Department", EMAIL)
"""The columns with which Moodle's own export begins, in their order."""
OTHER_NAMES = {"Surname": LAST_NAME, "Given name": FIRST_NAME, "E-mail address": EMAIL, "Email": EMAIL}
"""What other versions of Moodle call them."""
MAX_ROSTER_BYTES, MAX_ROSTER_ROWS = 2**20, 5_000


@dataclass(frozen=True)
class Grade:
    """What a student gets, from 0 to 100, and why."""

    name: str
    percent: float
    feedback: str
    email: str = ""
    """As the student's login says; a roster says it for those without."""


Roster = Mapping[str, Mapping[str, str]]
"""The identity columns of each participant, by the name in lower case."""


def grades_csv(title: str, grades: Iterable[Grade], roster: Roster | None = None) -> str:
    """Returns the file: identity, grade and feedback, a row for each student, by name.

    Moodle wants both grade and feedback, as it empties the column that is missing. No cell is a formula to a
    spreadsheet. Students whom the roster does not have stay without an address.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    item = f"Assignment: {title}"
    writer.writerow([spreadsheet_text(cell) for cell in (*IDENTITY_COLUMNS, f"{item} (Real)", f"{item} (Feedback)")])
    for grade in sorted(grades, key=lambda each: (each.name.casefold(), each.feedback)):
        identity = dict((roster or {}).get(_key(grade.name)) or _split_name(grade.name))
        identity[EMAIL] = identity.get(EMAIL) or grade.email
        cells = [identity.get(column, "") for column in IDENTITY_COLUMNS]
        writer.writerow([spreadsheet_text(cell) for cell in (*cells, f"{grade.percent:.2f}", grade.feedback)])
    return stream.getvalue()


def read_roster(content: bytes) -> Roster:
    """Returns the participants in a CSV file of Moodle's; raises DataError where it has no names.

    Two of one name are left out, as nothing tells which of them a student is.
    """
    if len(content) > MAX_ROSTER_BYTES:
        raise DataError(f"This list takes {len(content):,} bytes; at most {MAX_ROSTER_BYTES:,} are read.")
    try:
        rows: Sequence[Mapping[str, str]] = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), restval=""))
    except (UnicodeDecodeError, csv.Error):
        raise DataError("This is no CSV file in UTF-8. Export the grades of the course as “Plain text file”.") from None
    people = [_identity(row) for row in rows[:MAX_ROSTER_ROWS]]
    if not any(person.get(FIRST_NAME) or person.get(LAST_NAME) for person in people):
        raise DataError(
            f"This file has no columns “{FIRST_NAME}” and “{LAST_NAME}”. Export the grades of the course from Moodle as"
            " “Plain text file”, separated by commas, and send that."
        )
    keys = [_key(f"{person.get(FIRST_NAME, '')} {person.get(LAST_NAME, '')}") for person in people]
    return {key: person for key, person in zip(keys, people, strict=True) if keys.count(key) == 1}


def _identity(row: Mapping[str, str]) -> dict[str, str]:
    known = {OTHER_NAMES.get(str(name).strip(), str(name).strip()): str(value or "") for name, value in row.items()}
    return {column: known[column].strip()[:200] for column in IDENTITY_COLUMNS if column in known}


def _key(name: str) -> str:
    return " ".join(name.casefold().split())


def _split_name(name: str) -> dict[str, str]:
    """Returns a name as first and last name.

    >>> _split_name("Ada King Lovelace")
    {'First name': 'Ada King', 'Last name': 'Lovelace'}
    """
    first, _, last = " ".join(name.split()).rpartition(" ")
    return {FIRST_NAME: first or last, LAST_NAME: last if first else ""}
