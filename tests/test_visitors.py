"""Invented cookies of one address share what one student has; those who have stayed have their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz import visitors as module
from cnnviz.turns import Turns
from cnnviz.visitors import ESTABLISHED_SECONDS, Visitors
from tests.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def visitors(clock: Clock) -> Visitors:
    opened = Visitors(clock)
    for owner, address in (("anna", "10.0.0.1"), ("bert", "10.0.0.1"), ("carla", "10.0.0.2")):
        opened.note(owner, address)
    return opened


def test_new_owners_of_an_address_share_until_they_have_stayed(visitors: Visitors, clock: Clock) -> None:
    assert visitors.share_of("anna") == visitors.share_of("bert") != visitors.share_of("carla")
    clock.now = ESTABLISHED_SECONDS
    visitors.note("anna", "10.0.0.1")
    assert visitors.share_of("anna") == "anna"
    visitors.note("dora", "10.0.0.1")
    assert visitors.is_new("dora")
    assert not visitors.is_new("anna")


def test_who_has_trained_a_net_to_its_end_is_established_at_once(visitors: Visitors) -> None:
    visitors.establish("bert")
    assert visitors.share_of("bert") == "bert"
    assert visitors.address_of("bert") == "10.0.0.1"
    visitors.note("bert", "10.0.0.3")
    assert not visitors.is_new("bert")


def test_nobody_is_new_of_whom_no_address_is_known(visitors: Visitors) -> None:
    visitors.note("emil", "")
    assert not visitors.is_new("emil")
    assert not visitors.is_new("never seen")
    visitors.establish("later")
    assert visitors.share_of("later") == "later"


def test_the_last_who_comes_still_gets_a_part_of_the_room(visitors: Visitors, clock: Clock) -> None:
    taken = dict[str, int]()
    for number in range(40):
        owner = f"invented {number}"
        visitors.note(owner, "10.0.0.1")
        taken[owner] = visitors.room_for(owner, taken, 1_000_000)
    assert sum(taken.values()) <= 750_000
    assert visitors.room_for("carla", taken, 1_000_000) >= 62_500
    clock.now = ESTABLISHED_SECONDS
    visitors.note("carla", "10.0.0.2")
    assert visitors.room_for("carla", taken, 1_000_000) >= 250_000


def test_the_longest_gone_is_forgotten_first(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_VISITORS", 2)
    visitors = Visitors(clock)
    for owner in ("anna", "bert", "anna", "carla"):
        visitors.note(owner, "10.0.0.1")
    assert [visitors.address_of(owner) for owner in ("anna", "bert", "carla")] == ["10.0.0.1", "", "10.0.0.1"]


class Member:
    def __init__(self, share: str) -> None:
        self.share = share


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_every_share_has_as_many_turns_as_any_other_and_so_has_every_member_of_one(sizes: list[int]) -> None:
    members = [[Member(f"share {number}") for _ in range(size)] for number, size in enumerate(sizes)]
    turns = Turns[Member]()
    for place in range(max(sizes)):  # as they come, mixed
        for of_share in members:
            if place < len(of_share):
                turns.put(of_share[place])
    assert len(turns) == sum(sizes)
    taken = []
    for _ in range(len(sizes) * 20):
        taken.append(turns.take())
        turns.put(taken[-1])
    for of_share in members:
        counts = [taken.count(member) for member in of_share]
        assert sum(counts) == 20
        assert max(counts) - min(counts) <= 1


def test_a_member_can_be_taken_out_wherever_it_waits() -> None:
    anna, bert, carla = Member("a"), Member("a"), Member("c")
    turns = Turns[Member]()
    for member in (anna, bert, carla):
        turns.put(member)
    turns.remove(anna)
    turns.remove(carla)
    assert list(turns) == [bert]
    assert turns.take() is bert
    with pytest.raises(IndexError):
        turns.take()
