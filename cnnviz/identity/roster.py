"""The list of a class: names from a CSV file, and a sheet with their PINs to print and cut up."""

import csv
import time
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cnnviz.errors import CnnvizError
from cnnviz.identity.account import Account, LoginError, People, clean_name, login_of_name
from cnnviz.identity.person import Person
from cnnviz.identity.pin import PinHasher, new_pin
from cnnviz.secret_key import new_owner

MAX_ROSTER_BYTES = 2**20
NAME_COLUMNS = ("name", "full name", "student")
FIRST_NAME_COLUMNS, LAST_NAME_COLUMNS = ("first name", "given name"), ("last name", "surname", "family name")
EMAIL_COLUMNS = ("email", "e-mail", "email address")
"""Headings of columns, as Moodle and others write them, in small letters."""


class Entry(NamedTuple):
    """Somebody on the list of a class."""

    name: str
    email: str = ""


class Printed(NamedTuple):
    """Somebody on the sheet."""

    name: str
    pin: str


def read_roster(content: bytes) -> list[Entry]:
    r"""Returns the names in a CSV file, in its order.

    A first line that names its columns is understood (name; or first name and last name; email address); without one,
    the first column is the name. Commas, semicolons and tabs may stand between columns. Raises CnnvizError with the
    line that holds no name, or one that stood before.

    >>> read_roster("First name;Last name;Email address\nAnna;Weiß;a@example.org\n".encode())
    [Entry(name='Anna Weiß', email='a@example.org')]
    >>> read_roster(b"Bert\nCarla\n")
    [Entry(name='Bert', email=''), Entry(name='Carla', email='')]
    """
    text = _decode(content)
    first_line = text.partition("\n")[0]
    delimiter = max(",;\t", key=first_line.count)
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(StringIO(text), delimiter=delimiter, strict=True)]
    except csv.Error as error:
        raise CnnvizError(f"This is no CSV file: {error}.") from None
    columns = {heading.casefold(): place for place, heading in reversed([*enumerate(rows[0] if rows else [])])}
    name_columns = _name_columns(columns)
    email = next((columns[heading] for heading in EMAIL_COLUMNS if heading in columns), None)
    entries: dict[str, Entry] = {}
    for number, row in enumerate(rows, 1):
        if not any(row) or (number == 1 and name_columns):
            continue
        try:
            name = clean_name(" ".join(_cell(row, column) for column in name_columns or [0]))
        except LoginError as error:
            raise CnnvizError(f"Line {number} of the list: {error}") from None
        if login_of_name(name) in entries:
            raise CnnvizError(
                f"Line {number} of the list: {name} stands there twice. Tell the two apart by more letters."
            )
        entries[login_of_name(name)] = Entry(name, _cell(row, email) if email is not None and name_columns else "")
    if not entries:
        raise CnnvizError("There is no name in this list. Expected a CSV file with one name in each line.")
    return [*entries.values()]


def enroll(people: People, entries: Iterable[Entry], pins: PinHasher | None = None) -> list[Printed]:
    """Puts names on the list; returns those that are new, or have no PIN yet.

    With `pins` each of them gets one, to be printed; without, everybody chooses theirs at their first visit.
    """
    listed = []
    for entry in entries:
        account = people.find_login(login_of_name(entry.name))
        if account and account.pin_hash:
            continue
        pin = new_pin(entry.name) if pins else ""
        pin_hash = pins.hash(pin) if pins else ""
        if account is None:
            person = Person(new_owner(), entry.name)
            people.add(
                Account(person, login_of_name(entry.name), pin_hash, email=entry.email[:254], created=time.time())
            )
        elif pin_hash and not people.set_first_pin(account.owner, pin_hash):
            continue  # they have chosen one at this moment
        listed.append(Printed(entry.name, pin))
    return listed


def pin_sheet(printed: Iterable[Printed], class_code: str, address: str = "") -> str:
    """Returns a page with a slip for each name, to print and cut up; it loads nothing from elsewhere.

    `address` is where students come in; empty where that is not known.
    """
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return templates.get_template("pin_sheet.html.jinja").render(
        printed=printed, class_code=class_code, address=address
    )


def _decode(content: bytes) -> str:
    """Returns the text of a file in UTF-8, or in the coding of a spreadsheet on Windows."""
    for coding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(coding)
        except UnicodeDecodeError:
            continue
    raise CnnvizError("This is not a text file. Save the list as CSV in UTF-8.")


def _name_columns(columns: dict[str, int]) -> list[int]:
    """Returns the columns that make up a name; none where the first line does not name columns."""
    for heading in NAME_COLUMNS:
        if heading in columns:
            return [columns[heading]]
    first = next((columns[heading] for heading in FIRST_NAME_COLUMNS if heading in columns), None)
    last = next((columns[heading] for heading in LAST_NAME_COLUMNS if heading in columns), None)
    return [first, last] if first is not None and last is not None else []


def _cell(row: list[str], column: int) -> str:
    return row[column] if column < len(row) else ""
