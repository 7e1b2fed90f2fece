"""Lists of classes, as schools write them."""

import pytest

from cnnviz.errors import CnnvizError
from cnnviz.identity.roster import Entry, enroll, read_roster
from cnnviz.runs.people import PeopleStore


@pytest.mark.parametrize(
    "content",
    [
        "Anna Weiß\nBert\n".encode(),
        b"\xef\xbb\xbfname\r\nAnna Wei\xc3\x9f\r\n\r\nBert\r\n",
        "Anna Weiß;1a\nBert;1b\n".encode("cp1252"),
        'Email address,First name,Last name\n,Anna,Weiß\n,Bert,""\n'.encode(),
        '\ufeff"First name"\t"Surname"\nAnna\tWeiß\nBert\t\n'.encode(),
        'name\n"Anna\tWeiß"\nBert'.encode(),
    ],
)
def test_names_are_found_in_any_form_of_a_list(content: bytes) -> None:
    assert [entry.name for entry in read_roster(content)] == ["Anna Weiß", "Bert"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no name in this list"),
        (b"name\n", "no name in this list"),
        (b"Anna\nanna\n", "Line 2 of the list: anna stands there twice"),
        (b"Anna\n,x\n", "Line 2 of the list: Type your name"),
        (b"Anna\n" + b"x" * 70, "Line 2 of the list: A name may have 60"),
        (b'"Anna\n', "no CSV file"),
        (b"\x81\x8d\x00", "not a text file"),
    ],
)
def test_what_is_no_list_is_told_with_its_line(content: bytes, reason: str) -> None:
    with pytest.raises(CnnvizError, match=reason):
        read_roster(content)


def test_a_list_can_be_read_again(people: PeopleStore) -> None:
    entries = [Entry("Anna"), Entry("Bert", "b@example.org")]
    assert [slip.name for slip in enroll(people, entries)] == ["Anna", "Bert"]
    assert [slip.pin for slip in enroll(people, entries)] == ["", ""]
    assert [account.person.name for account in people.all()] == ["Anna", "Bert"]
