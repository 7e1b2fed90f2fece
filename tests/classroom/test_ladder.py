"""The ladder: the bootstrap that it stands on, what raises a score, and ties."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.classroom.ladder import CHANCE, Climb, accuracy_of, chance_of_no_gain, climb, rank


def random_net(generator: np.random.Generator, samples: int = 400, accuracy: float = 0.8) -> np.ndarray:
    return generator.random(samples) < accuracy


@pytest.mark.parametrize(("gained", "lost"), [(5, 2), (30, 20), (3, 0), (12, 12)])
def test_the_exact_bootstrap_is_what_resampling_finds(gained: int, lost: int) -> None:
    """The oracle draws: 200,000 paired bootstrap samples."""
    samples = 100
    later, earlier = np.zeros(samples, bool), np.zeros(samples, bool)
    later[:gained], earlier[gained : gained + lost] = True, True
    differences = later.astype(int) - earlier
    generator = np.random.default_rng(1)
    drawn = np.concatenate(
        [generator.choice(differences, (20_000, samples)).sum(axis=1) <= 0 for _ in range(10)]
    ).mean()
    assert chance_of_no_gain(later, earlier) == pytest.approx(drawn, abs=5 * np.sqrt(0.25 / 200_000))


nets = st.integers(1, 30).flatmap(
    lambda size: st.lists(st.lists(st.booleans(), min_size=size, max_size=size).map(np.array), min_size=1, max_size=8)
)


@given(nets)
def test_a_shown_score_never_falls_and_is_one_that_was_reached(handed_in: list[np.ndarray]) -> None:
    shown = [climb(handed_in[: count + 1]).score.correct for count in range(len(handed_in))]  # type: ignore[union-attr]
    assert shown == sorted(shown)
    assert set(shown) <= {accuracy_of(net).correct for net in handed_in}
    assert shown[0] == accuracy_of(handed_in[0]).correct


@given(nets)
def test_ranks_follow_scores_and_equal_ones_tie(best: list[np.ndarray]) -> None:
    places = rank({f"s{index:031}": net for index, net in enumerate(best)})
    assert [place.score.share for place in places] == sorted((place.score.share for place in places), reverse=True)
    for before, after in pairwise(places):
        assert before.rank <= after.rank
        if before.score == after.score:
            assert before.rank == after.rank
    assert places[0].rank == 1


def test_a_net_that_is_clearly_better_is_shown_after_many_tries() -> None:
    generator = np.random.default_rng(3)
    way = climb([random_net(generator) for _ in range(50)])
    assert way
    assert way.tried(random_net(generator, accuracy=0.97)).score.share > 0.94


def test_equally_good_nets_hardly_ever_raise_the_score() -> None:
    """Each of 100 students hands in 40 nets that are right by luck alone, with the same chance for each sample."""
    rises = 0
    for seed in range(100):
        own = np.random.default_rng(seed)
        handed_in = [random_net(own, 200) for _ in range(40)]
        way = climb(handed_in)
        assert way
        rises += way.score != accuracy_of(handed_in[0])
    assert rises / 100 <= 3 * CHANCE


def test_the_place_of_a_net_that_beats_all_is_its_own() -> None:
    generator = np.random.default_rng(7)
    equal = {f"e{number}": random_net(generator, 1000) for number in range(3)}
    places = rank(equal | {"best": np.ones(1000, bool)})
    assert [place.rank for place in places] == [1, 2, 2, 2]
    assert places[0].owner == "best"


def test_without_nets_there_is_no_way_up() -> None:
    assert climb([]) is None
    assert Climb(np.array([True])).score.share == 1
