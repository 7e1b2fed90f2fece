"""How far the score on a hidden test can be raised by handing in again and again, without a better net.

    python -m benchmarks.ladder

Predictions are made up: 200 submissions of nets that are equally good, for many students. Samples are alike, or some
are hard and others easy for all nets; and an attacker hands in nets that are right at random and joins those that were
shown to be better (Blum & Hardt 2015, section 4). Beside the ladder stands a leaderboard that shows the best score of
all. The raise is that of the shown score over the first one, in standard errors of the hidden test.
"""

from collections.abc import Callable, Iterator

import numpy as np

from cnnviz.classroom.ladder import Climb, Correctness

STUDENTS, SUBMISSIONS, ACCURACY = 200, 200, 0.85
SAMPLES = (100, 385, 2_000)
Nets = Callable[[np.random.Generator, int], Iterator[Correctness]]


def alike(generator: np.random.Generator, samples: int) -> Iterator[Correctness]:
    """Yields nets that are right by chance, the same for every sample."""
    while True:
        yield generator.random(samples) < ACCURACY


def hard_and_easy(generator: np.random.Generator, samples: int) -> Iterator[Correctness]:
    """Yields nets that agree about most samples, as trainings of one design with other seeds do."""
    chance = generator.beta(ACCURACY * 0.5, (1 - ACCURACY) * 0.5, samples)
    while True:
        yield generator.random(samples) < chance


NETS: dict[str, Nets] = {"all samples alike": alike, "hard and easy samples": hard_and_easy}


def raises(nets: Nets, samples: int) -> tuple[list[float], list[float]]:
    """Returns the raise of each student's score in standard errors: on the ladder, and as the best of all."""
    error = np.sqrt(ACCURACY * (1 - ACCURACY) / samples)
    ladder, best_of_all = [], []
    for seed in range(STUDENTS):
        stream = nets(np.random.default_rng(seed), samples)
        first = next(stream)
        way, best = Climb(first), first.mean()
        for _ in range(SUBMISSIONS - 1):
            net = next(stream)
            way, best = way.tried(net), max(best, net.mean())
        ladder.append((way.score.share - first.mean()) / error)
        best_of_all.append((best - first.mean()) / error)
    return ladder, best_of_all


def attack(samples: int, *, on_ladder: bool) -> list[float]:
    """Returns by how many standard errors the shown score exceeds 0.5, the accuracy of all nets of an attacker.

    The answers are yes or no. The last net is the majority of those after which the shown score had risen, or, on a
    leaderboard that tells every score, of those above the first one.
    """
    excess = []
    for seed in range(STUDENTS):
        generator = np.random.default_rng(seed)
        first = generator.random(samples) < 0.5
        way, votes = Climb(first), np.zeros(samples)
        for _ in range(SUBMISSIONS - 2):
            net = generator.random(samples) < 0.5
            later = way.tried(net)
            is_chosen = later.best is net if on_ladder else net.mean() > 0.5
            way, votes = later, votes + is_chosen * (2 * net.astype(int) - 1)
        joined = np.where(votes == 0, first, votes > 0)
        shown = way.tried(joined).score.share if on_ladder else joined.mean()
        excess.append((shown - (first.mean() if on_ladder else 0.5)) / np.sqrt(0.25 / samples))
    return excess


def first_seen(samples: int, gain: float) -> float:
    """Returns the share of students whose better net is shown at once, after 20 that were equally good."""
    seen = 0
    for seed in range(STUDENTS):
        generator = np.random.default_rng(seed)
        stream = alike(generator, samples)
        way = Climb(next(stream))
        for _ in range(20):
            way = way.tried(next(stream))
        better = generator.random(samples) < ACCURACY + gain
        seen += way.tried(better).best is better
    return seen / STUDENTS


def row(name: str, samples: int, figures: list[float]) -> str:
    """Returns a row of the table."""
    high, raised = np.quantile(figures, 0.95), np.mean(np.array(figures) > 0)
    return f"{name:42} {samples:6,} {np.mean(figures):6.2f} {high:6.2f} {max(figures):6.2f} {raised:7.0%}"


def main() -> None:
    """Prints the tables."""
    print(f"{STUDENTS} students, {SUBMISSIONS} submissions each, nets of accuracy {ACCURACY}; in standard errors\n")
    print(f"{'':42} {'n':>6} {'mean':>6} {'95 %':>6} {'most':>6} {'raised':>7}")
    for samples in SAMPLES:
        for name, nets in NETS.items():
            ladder, best = raises(nets, samples)
            print(row(f"ladder, {name}", samples, ladder))
            print(row(f"best of all, {name}", samples, best))
        print(row("ladder, attacked", samples, attack(samples, on_ladder=True)))
        print(row("every score told, attacked", samples, attack(samples, on_ladder=False)))
    print("\nA net that is better after 20 equal ones is shown at once:")
    for samples in SAMPLES:
        print(
            f"{samples:6,} samples: " + ", ".join(f"+{gain}: {first_seen(samples, gain):.0%}" for gain in (0.05, 0.1))
        )


if __name__ == "__main__":
    main()
