"""The link that makes a teacher: good once, and for a day."""

import time

import pytest

from cnnviz.identity.account import LoginError
from cnnviz.identity.attempts import Attempts
from cnnviz.identity.class_code import ClassCodeDoor
from cnnviz.identity.door import Attempt
from cnnviz.identity.person import Role
from cnnviz.identity.pin import PinHasher
from cnnviz.identity.teacher_link import LINK_SECONDS, USED_UP, TeacherLinkDoor
from cnnviz.runs.people import PeopleStore

PIN = "470915xy"


def attempt(token: str, name: str = "Ms. Weiß", pin: str = PIN, again: str = PIN) -> Attempt:
    return Attempt(form={"token": token, "name": name, "pin": pin, "pin_again": again}, address="192.168.0.7")


def test_whoever_opens_it_first_is_the_teacher_and_nobody_after(
    people: PeopleStore, teacher_door: TeacherLinkDoor
) -> None:
    token = people.new_teacher_link()
    assert not people.has_teacher()
    teacher = teacher_door.enter(attempt(token))
    assert teacher.person.role == Role.TEACHER
    found = people.find(teacher.owner)
    assert found
    assert found.person == teacher.person
    assert people.has_teacher()
    with pytest.raises(LoginError, match=USED_UP):
        teacher_door.enter(attempt(token, "Bert"))
    assert len(people.all()) == 1


@pytest.mark.parametrize("token", ["", "guess", "x" * 10_000])
def test_a_link_of_nobody_is_none(people: PeopleStore, teacher_door: TeacherLinkDoor, token: str) -> None:
    people.new_teacher_link()
    with pytest.raises(LoginError, match=USED_UP):
        teacher_door.enter(attempt(token))
    assert not people.all()


def test_a_link_expires(people: PeopleStore, teacher_door: TeacherLinkDoor) -> None:
    token = people.new_teacher_link(now=time.time() - LINK_SECONDS)
    with pytest.raises(LoginError, match=USED_UP):
        teacher_door.enter(attempt(token))


@pytest.mark.parametrize(("pin", "again"), [("470915", "470915"), (PIN, "470915xz"), ("12345678", "12345678")])
def test_a_bad_pin_does_not_use_the_link_up(
    people: PeopleStore, teacher_door: TeacherLinkDoor, pin: str, again: str
) -> None:
    token = people.new_teacher_link()
    with pytest.raises(LoginError, match="PIN"):
        teacher_door.enter(attempt(token, pin=pin, again=again))
    assert teacher_door.enter(attempt(token))


def test_a_name_with_a_pin_is_made_teacher_by_its_own_person_alone(people: PeopleStore, pins: PinHasher) -> None:
    form = {"code": people.class_code(), "name": "Anna", "pin": PIN, "pin_again": PIN}
    anna = ClassCodeDoor(people, pins, Attempts()).enter(Attempt(form=form))
    door, token = TeacherLinkDoor(people, pins, Attempts()), people.new_teacher_link()
    with pytest.raises(LoginError, match="another PIN"):
        door.enter(attempt(token, "anna", "580126xy", "580126xy"))
    assert door.enter(attempt(token, "anna")).owner == anna.owner
    assert [account.person.role for account in people.all()] == [Role.TEACHER]


def test_nothing_in_the_database_opens_the_door(people: PeopleStore, teacher_door: TeacherLinkDoor) -> None:
    token = people.new_teacher_link()
    with people._engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT digest FROM teacher_links").scalar_one()
    assert token not in kept
    with pytest.raises(LoginError, match=USED_UP):
        teacher_door.enter(attempt(kept))
