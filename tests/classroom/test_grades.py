"""Grades as Moodle imports them, and the list of its participants."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.classroom.grades import EMAIL, ID_NUMBER, Grade, grades_csv, read_roster
from cnnviz.errors import DataError
from cnnviz.words import FORMULA_BEGINNINGS

EXPORT = (
    "\ufeff" + '"First name","Last name","ID number",Institution,Department,"Email address","Course total (Real)"\n'
    "Ada,Lovelace,0042,,,ada@example.org,-\n"
    "Alan,Turing,0043,,,alan@example.org,-\n"
    "Sam,Smith,1,,,one@example.org,-\n"
    "Sam,Smith,2,,,two@example.org,-\n"
).encode()
"""What Moodle exports as “Plain text file”."""


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_columns_are_those_of_moodles_export() -> None:
    (row,) = rows(grades_csv("Lab", [Grade("ada lovelace", 87.5, "Well done.")], read_roster(EXPORT)))
    assert list(row)[:6] == next(csv.reader(io.StringIO(EXPORT.decode("utf-8-sig"))))[:6]
    assert list(row)[6:] == ["Assignment: Lab (Real)", "Assignment: Lab (Feedback)"]
    assert list(row.values()) == ["Ada", "Lovelace", "0042", "", "", "ada@example.org", "87.50", "Well done."]


def test_who_is_not_in_the_list_or_there_twice_has_no_address() -> None:
    found = rows(grades_csv("Lab", [Grade("Sam Smith", 1, ""), Grade("Eve", 2, "")], read_roster(EXPORT)))
    assert [(row["First name"], row["Last name"], row[EMAIL], row[ID_NUMBER]) for row in found] == [
        ("Eve", "", "", ""),
        ("Sam", "Smith", "", ""),
    ]


def test_an_address_of_the_login_is_used_where_no_list_has_one() -> None:
    grades = [Grade("Eve", 2, "", "eve@example.org"), Grade("Ada Lovelace", 1, "", "other@example.org")]
    found = rows(grades_csv("Lab", grades, read_roster(EXPORT)))
    assert [row[EMAIL] for row in found] == ["ada@example.org", "eve@example.org"]


@given(st.text(), st.text(), st.text(max_size=40))
def test_no_cell_is_a_formula(name: str, feedback: str, title: str) -> None:
    text = grades_csv(title, [Grade(name, 50, feedback)])
    for cell in (cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row):
        assert not cell.startswith(FORMULA_BEGINNINGS)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b"x" * 2_000_000])
def test_another_file_is_no_list_of_participants(content: bytes) -> None:
    with pytest.raises(DataError):
        read_roster(content)
