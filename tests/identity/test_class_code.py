"""Class code, name and PIN: who comes in, and who does not."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cnnviz.identity.account import Account, LoginError, login_of_name
from cnnviz.identity.attempts import WRONG_IN_ALL, WRONG_PER_ADDRESS, WRONG_PER_NAME, Attempts
from cnnviz.identity.class_code import CODE_LETTERS, WRONG, ClassCodeDoor, new_class_code
from cnnviz.identity.door import Attempt, LockedError, NewPinError
from cnnviz.identity.person import Person, Role
from cnnviz.identity.pin import PinHasher
from cnnviz.runs.people import PeopleStore
from cnnviz.secret_key import new_owner

PIN = "470915"


def attempt(people: PeopleStore, name: str, pin: str, *, again: bool = False, **changes: str) -> Attempt:
    form = {"code": people.class_code(), "name": name, "pin": pin} | ({"pin_again": pin} if again else {}) | changes
    return Attempt(form=form, address="192.168.0.7")


def test_the_first_visit_sets_the_pin_and_later_ones_need_it(people: PeopleStore, code_door: ClassCodeDoor) -> None:
    with pytest.raises(NewPinError, match="Welcome, Anna Weiß"):
        code_door.enter(attempt(people, "Anna Weiß", PIN))
    anna = code_door.enter(attempt(people, "Anna Weiß", PIN, again=True))
    assert (anna.person.name, anna.person.role) == ("Anna Weiß", Role.STUDENT)
    assert code_door.enter(attempt(people, "  anna   WEISS ", PIN)).owner == anna.owner  # as people write
    assert code_door.enter(attempt(people, "Anna Weiß", PIN, code=people.class_code().lower().replace("-", " ")))
    assert PIN not in anna.pin_hash
    with pytest.raises(LoginError, match=WRONG):
        code_door.enter(attempt(people, "Anna Weiß", "470916"))
    with pytest.raises(LoginError, match=WRONG):  # and nobody chooses another
        code_door.enter(attempt(people, "Anna Weiß", "580126", again=True))


def test_without_the_class_code_nobody_comes_in_and_nothing_is_told(
    people: PeopleStore, code_door: ClassCodeDoor
) -> None:
    code_door.enter(attempt(people, "Anna", PIN, again=True))
    for name in ("Anna", "Bert"):
        for code in ("", "AAAA-AAAA"):
            with pytest.raises(LoginError, match=f"^{WRONG}$"):
                code_door.enter(attempt(people, name, PIN, again=True, code=code))
    assert [account.person.name for account in people.all()] == ["Anna"]


def test_a_closed_list_takes_only_names_on_it(people: PeopleStore, code_door: ClassCodeDoor) -> None:
    people.add(Account(Person(new_owner(), "Anna"), login_of_name("Anna")))
    people.open_list(False)
    assert code_door.enter(attempt(people, "anna", PIN, again=True)).person.name == "Anna"
    with pytest.raises(LoginError, match=f"^{WRONG}$"):
        code_door.enter(attempt(people, "Bert", PIN, again=True))


@pytest.mark.parametrize("pin", ["47091", "111111", "121212", "123456", "987654", "890123", "berta1"])
def test_a_pin_that_anybody_would_try_first_is_not_taken(
    people: PeopleStore, code_door: ClassCodeDoor, pin: str
) -> None:
    with pytest.raises(NewPinError, match="PIN"):
        code_door.enter(attempt(people, "Berta123", pin, again=True))
    assert not people.all()


def test_two_different_pins_are_not_taken(people: PeopleStore, code_door: ClassCodeDoor) -> None:
    with pytest.raises(NewPinError, match="differ"):
        code_door.enter(attempt(people, "Anna", PIN, pin_again="580126"))


@pytest.mark.parametrize(
    ("name", "reason"), [("", "Type your name"), ("x" * 61, "60 characters"), ("\u202eanna", "lett")]
)
def test_what_is_no_name_is_told(people: PeopleStore, code_door: ClassCodeDoor, name: str, reason: str) -> None:
    with pytest.raises(LoginError, match=reason):
        code_door.enter(attempt(people, name, PIN, again=True))


def test_a_reset_pin_is_chosen_anew_and_ends_all_logins(people: PeopleStore, code_door: ClassCodeDoor) -> None:
    anna = code_door.enter(attempt(people, "Anna", PIN, again=True))
    people.reset_pin(anna.owner)
    with pytest.raises(NewPinError):
        code_door.enter(attempt(people, "Anna", "580126"))
    again = code_door.enter(attempt(people, "Anna", "580126", again=True))
    assert (again.owner, again.generation) == (anna.owner, anna.generation + 1)


def test_of_two_first_visits_at_once_one_sets_the_pin(people: PeopleStore, pins: PinHasher) -> None:
    door = ClassCodeDoor(people, pins, Attempts())
    choices = ["470915", "580126", "691237", "702348"]
    people.add(Account(Person(new_owner(), "Anna"), login_of_name("Anna")))

    def choose(pin: str) -> str | None:
        try:
            return door.enter(attempt(people, "Anna", pin, again=True)).pin_hash
        except LoginError:
            return None

    with ThreadPoolExecutor(4) as pool:
        hashes = [pin_hash for pin_hash in pool.map(choose, choices) if pin_hash]
    anna = people.find_login(login_of_name("Anna"))
    assert anna
    assert hashes == [anna.pin_hash]


def test_a_name_is_locked_after_some_wrong_pins_and_opens_again(
    people: PeopleStore, code_door: ClassCodeDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    code_door.enter(attempt(people, "Anna", PIN, again=True))
    for _ in range(WRONG_PER_NAME):
        with pytest.raises(LoginError, match=WRONG):
            code_door.enter(attempt(people, "Anna", "wrong!"))
    with pytest.raises(LockedError, match="15 minutes"):
        code_door.enter(attempt(people, "Anna", PIN))
    assert code_door.enter(attempt(people, "Bert", PIN, again=True))  # nobody else is locked out
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 16 * 60)
    assert code_door.enter(attempt(people, "Anna", PIN))


def test_coming_in_clears_the_wrong_attempts_of_before(people: PeopleStore, code_door: ClassCodeDoor) -> None:
    code_door.enter(attempt(people, "Anna", PIN, again=True))
    for _ in range(3):
        for _ in range(WRONG_PER_NAME - 1):
            with pytest.raises(LoginError, match=WRONG):
                code_door.enter(attempt(people, "Anna", "wrong!"))
        assert code_door.enter(attempt(people, "Anna", PIN))


@pytest.mark.parametrize(
    ("count", "addresses", "whose"),
    [(WRONG_PER_ADDRESS, 1, "your network address"), (WRONG_IN_ALL, 250, "this server")],
)
def test_many_names_are_no_way_around_the_limits(count: int, addresses: int, whose: str) -> None:
    attempts = Attempts()
    for number in range(count):
        attempts.check(f"name:{number}", f"10.0.0.{number % addresses}")
        attempts.note_wrong(f"name:{number}", f"10.0.0.{number % addresses}")
    with pytest.raises(LockedError, match=whose):
        attempts.check("name:another", "10.0.0.0")
    if addresses == 1:
        attempts.check("name:another", "10.0.0.1")


def test_a_pin_cannot_be_tried_with_the_database_alone(pins: PinHasher) -> None:
    pin_hash = pins.hash(PIN)
    assert pins.matches(PIN, pin_hash)
    assert not pins.matches("470916", pin_hash)
    assert not PinHasher(b"another key").matches(PIN, pin_hash)
    assert not pins.matches(PIN, "")
    assert not pins.matches(PIN, "no hash")
    assert pin_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_codes_are_made_of_letters_that_cannot_be_confused() -> None:
    codes = {new_class_code() for _ in range(50)}
    assert len(codes) == 50
    assert not {letter for code in codes for letter in code} - {*CODE_LETTERS, "-"}
    assert not set(CODE_LETTERS) & set("IL1O0")
