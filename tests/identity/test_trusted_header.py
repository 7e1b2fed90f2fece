"""The header of a proxy: whom it lets in, and every way to forge it."""

import pytest

from cnnviz.identity.account import LoginError
from cnnviz.identity.door import Attempt
from cnnviz.identity.trusted_header import TrustedHeaderDoor
from cnnviz.runs.people import PeopleStore

PROXY = "10.0.0.2"
HEADER = "X-Remote-User"


@pytest.fixture
def door(people: PeopleStore) -> TrustedHeaderDoor:
    return TrustedHeaderDoor(people, HEADER, {PROXY})


def test_whom_the_proxy_names_is_found_again(people: PeopleStore, door: TrustedHeaderDoor) -> None:
    headers = [("host", "nets.example.org"), (HEADER.lower(), "anna@example.org")]
    anna = door.enter(Attempt(headers=headers, peer=PROXY))
    assert anna.person.name == "anna@example.org"
    assert door.enter(Attempt(headers=headers, peer=PROXY)) == anna
    assert door.enter(Attempt(headers=[(HEADER, "Anna@Example.org")], peer=PROXY)).owner == anna.owner
    assert door.enter(Attempt(headers=[(HEADER, "bert")], peer=PROXY)).owner != anna.owner
    assert len(people.all()) == 2


@pytest.mark.parametrize(
    ("peer", "headers", "reason"),
    [
        pytest.param(PROXY, [], "has not said", id="absent"),
        pytest.param(PROXY, [(HEADER, "anna"), (HEADER, "bert")], "has not said", id="doubled"),
        pytest.param(PROXY, [(HEADER, "anna"), (HEADER, "anna")], "has not said", id="doubled, the same"),
        pytest.param(PROXY, [(HEADER, "anna, bert")], "cannot read", id="doubled, and joined on the way"),
        pytest.param(PROXY, [("X_Remote_User", "anna")], "has not said", id="underscored"),
        pytest.param(PROXY, [(HEADER, "anna"), ("x-remote_user", "bert")], "has not said", id="underscored beside it"),
        pytest.param(PROXY, [(HEADER, "anna"), ("X-REMOTE-USER", "bert")], "has not said", id="other case beside it"),
        pytest.param(PROXY, [(HEADER, "")], "cannot read", id="empty"),
        pytest.param(PROXY, [(HEADER, "  ")], "cannot read", id="blank"),
        pytest.param(PROXY, [(HEADER, "an\x00na")], "cannot read", id="control character"),
        pytest.param(PROXY, [(HEADER, "a" * 300)], "cannot read", id="too long"),
        pytest.param("192.168.0.7", [(HEADER, "anna")], "login page alone", id="sent directly"),
        pytest.param("", [(HEADER, "anna")], "login page alone", id="sent from nowhere"),
        pytest.param("10.0.0.3", [(HEADER, "anna"), ("x-forwarded-for", PROXY)], "login page alone", id="as if by it"),
    ],
)
def test_everything_else_is_refused(
    people: PeopleStore, door: TrustedHeaderDoor, peer: str, headers: list[tuple[str, str]], reason: str
) -> None:
    with pytest.raises(LoginError, match=reason):
        door.enter(Attempt(headers=headers, peer=peer))
    assert not people.all()


def test_a_name_of_the_class_list_is_not_a_name_of_the_proxy(people: PeopleStore, door: TrustedHeaderDoor) -> None:
    with pytest.raises(LoginError):
        door.enter(Attempt(headers=[("name", "anna")], peer=PROXY))
    account = door.enter(Attempt(headers=[(HEADER, "anna")], peer=PROXY))
    assert account.login == "header:anna"
