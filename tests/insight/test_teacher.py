"""Sixty runs, each with the verdict that a teacher gives: forty made up, twenty really trained.

The teacher's verdicts were written down by looking at the curves, before the rules were tuned.
"""

import pytest

from cnnviz.insight.verdicts import find_verdicts
from tests.insight.made_up_runs import Case, cases
from tests.insight.real_runs import REAL_RUNS, load_real_runs

MIN_AGREEMENTS = 55
CONTRADICTIONS: dict[str, set[str]] = {
    "fine": {"over-fitting", "under-fitting", "too-high", "too-low", "vanishing", "not-normalized", "guessing"},
    "improving": {"patience", "too-high", "not-normalized", "guessing"},
    "over-fitting": {"under-fitting", "fine"},
    "too-high": {"too-low", "not-normalized", "vanishing"},
}
"""Kinds of verdict that must not be given where a teacher gives the other, in both directions."""
TEACHER_ON_REAL_RUNS = {
    "digits, 8 epochs": ("reached", ""),
    "digits, rate 10": ("too-high", ""),
    "digits, rate 1e-5": ("too-low", ""),
    "digits, rate 1e-3, 4 epochs": ("improving", ""),
    "digits, eight sigmoid layers": ("vanishing", ""),
    "digits, one hidden unit": ("under-fitting", ""),
    "digits, rate 3": ("too-high", ""),
    "digits, patience 5": ("reached", "patience"),
    "words, raw values, rate 0.05": ("not-normalized", ""),
    "words, the lab's net, 40 epochs": ("over-fitting test-below", ""),
    "words, the lab's net, by speaker": ("over-fitting test-below", ""),
    "words, a fast net": ("reached", "over-fitting"),
    "words, a fast net, by speaker": ("reached test-below", "over-fitting"),
    "words, the lab's net, 8 epochs": ("improving", "over-fitting"),
    "words, the lab's net, rate 1e-4": ("too-low", ""),
    "words, no convolution": ("over-fitting", ""),
    "words, no convolution, rate 2": ("too-high", ""),
    "words, no convolution, patience 4": ("over-fitting", "patience"),
    "words, bands": ("reached", "over-fitting"),
    "words, five sigmoid layers": ("vanishing", "under-fitting improving"),
}
"""The verdicts that must be given on each run, and those that may be."""


def all_cases() -> dict[str, Case]:
    real_runs = load_real_runs()
    real_cases = {
        name: Case(real_runs[name], frozenset(expected.split()), frozenset(also.split()))
        for name, (expected, also) in TEACHER_ON_REAL_RUNS.items()
    }
    return cases() | real_cases


def kinds(case: Case) -> set[str]:
    return {verdict.kind for verdict in find_verdicts(case.run)}


def contradicts(found: str, case: Case) -> bool:
    pairs = [(found, expected) for expected in case.expected if found not in case.also]
    return any(b in CONTRADICTIONS.get(a, ()) or a in CONTRADICTIONS.get(b, ()) for a, b in pairs)


def test_there_are_forty_made_up_runs_and_twenty_real_ones() -> None:
    assert (len(cases()), len(REAL_RUNS)) == (40, 20)
    assert set(TEACHER_ON_REAL_RUNS) == set(REAL_RUNS) == set(load_real_runs())


def test_a_teacher_would_sign_nearly_all_verdicts() -> None:
    found = {name: (kinds(case), case) for name, case in all_cases().items()}
    others = {
        name: sorted(names)
        for name, (names, case) in found.items()
        if not case.expected <= names <= case.expected | case.also
    }
    assert len(found) - len(others) >= MIN_AGREEMENTS, others


@pytest.mark.parametrize("name", all_cases())
def test_no_verdict_contradicts_a_teacher(name: str) -> None:
    case = all_cases()[name]
    assert not [found for found in kinds(case) if contradicts(found, case)]


@pytest.mark.parametrize("name", all_cases())
def test_every_verdict_is_in_whole_sentences_and_every_button_changes_something(name: str) -> None:
    run = all_cases()[name].run
    for verdict in find_verdicts(run):
        assert verdict.kind
        assert verdict.text.endswith(".")
        assert "nan" not in verdict.text
        for change in verdict.suggested_runs:
            assert (change.architecture, change.config) != (run.architecture, run.config)
