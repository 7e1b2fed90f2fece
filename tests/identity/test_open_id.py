"""Whom a provider vouches for is found again by issuer and subject, and by nothing else."""

import pytest

from cnnviz.identity.account import LoginError
from cnnviz.identity.door import Attempt
from cnnviz.identity.open_id import OpenIdDoor
from cnnviz.identity.person import Role
from cnnviz.runs.people import PeopleStore

CLAIMS = {"iss": "https://login.example.org", "sub": "248289", "name": "Anna Weiß", "email": "a@example.org"}


def test_a_subject_is_the_same_person_under_another_name(people: PeopleStore) -> None:
    door = OpenIdDoor(people)
    anna = door.enter(Attempt(claims=CLAIMS | {"groups": ["group"] * 400, "role": "teacher"}))
    assert (anna.person.name, anna.person.role, anna.email) == ("Anna Weiß", Role.STUDENT, "a@example.org")
    renamed = door.enter(Attempt(claims=CLAIMS | {"name": "Anna Schwarz", "email": "s@example.org"}))
    assert (renamed.owner, renamed.person.name) == (anna.owner, "Anna Schwarz")
    assert people.find(anna.owner) == renamed


@pytest.mark.parametrize("other", [{"sub": "248290"}, {"iss": "https://login.example.com"}, {"sub": "x" * 1000}])
def test_another_subject_is_somebody_else_whatever_their_name(people: PeopleStore, other: dict[str, str]) -> None:
    door = OpenIdDoor(people)
    assert door.enter(Attempt(claims=CLAIMS)).owner != door.enter(Attempt(claims=CLAIMS | other)).owner
    assert door.enter(Attempt(claims=CLAIMS | other)) == door.enter(Attempt(claims=CLAIMS | other))
    assert len(people.all()) == 2


@pytest.mark.parametrize("claims", [{}, {"sub": "248289"}, {"iss": "x"}, CLAIMS | {"sub": None}, CLAIMS | {"iss": ""}])
def test_without_issuer_and_subject_nobody_comes_in(people: PeopleStore, claims: dict[str, object]) -> None:
    with pytest.raises(LoginError, match="has not said who you are"):
        OpenIdDoor(people).enter(Attempt(claims=claims))
    assert not people.all()


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": "x" * 500}, "x" * 60),
        ({"name": "\u202e", "preferred_username": "anna"}, "anna"),
        ({"name": None, "email": ""}, "Somebody without a name"),
    ],
)
def test_any_name_of_a_provider_can_be_shown(people: PeopleStore, claims: dict[str, object], name: str) -> None:
    assert OpenIdDoor(people).enter(Attempt(claims={"iss": "i", "sub": "s"} | claims)).person.name == name
