"""Numbers that the app tells, against independent computations of them, at length: there must be no difference.

What the suite tries on some dozens of generated cases is tried here on thousands: the receptive field of every position
against what torch's outputs depend on, the samples that no window reads against enumeration, the sizes of the other
direction against the convolution's own rule, the answers of the inverse question against torch, the features of sound
against python_speech_features, schedules with a warm-up against torch's own in sequence, and the rules of advice, which
must not raise and whose mends must build.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from benchmarks.table import table, verdict
from cnnviz.advice import advise
from cnnviz.architecture import Architecture, build_model
from tests.advice.tasks import KEYWORDS
from tests.calculator.test_formula import (
    sizes,
    test_the_samples_said_to_be_never_read_are_never_read,
    test_the_sizes_of_the_other_direction_are_those_that_a_convolution_has,
    transposed,
    windows,
)
from tests.calculator.test_inverse import KINDS, test_torch_takes_every_answer_for_every_kind
from tests.data.test_audio import test_other_settings_agree_too
from tests.strategies import buildable_nets
from tests.test_receptive_field import test_every_position_reads_what_torch_says
from tests.training.test_schedule import test_torchs_own_schedulers_in_sequence_have_the_same_rates

Check = Callable[..., object]


@dataclass(frozen=True)
class Comparison:
    """A check that raises AssertionError where two computations differ, and what its cases are made of."""

    title: str
    check: Check
    cases: tuple[st.SearchStrategy[Any], ...]
    share: float = 1.0
    """Share of the cases that are tried, of a check that takes long."""


def advice_builds(architecture: Architecture) -> None:
    """Advises on a net, and builds what each remark offers."""
    for remark in advise(architecture, KEYWORDS):
        if remark.mend:
            build_model(remark.mend.architecture)


def inverse_answers(kind: Any, data: st.DataObject) -> None:
    """Has torch run every answer to one question."""
    _test_function(test_torch_takes_every_answer_for_every_kind)(kind, data=data)


def _test_function(test: Any) -> Check:
    """Returns the function that hypothesis calls with each of its cases."""
    return test.hypothesis.inner_test  # type: ignore[no-any-return]


COMPARISONS = (
    Comparison(
        "receptive fields, position by position",
        _test_function(test_every_position_reads_what_torch_says),
        (buildable_nets(),),
    ),
    Comparison(
        "samples that no window reads",
        _test_function(test_the_samples_said_to_be_never_read_are_never_read),
        (windows, sizes),
    ),
    Comparison(
        "sizes of the other direction",
        _test_function(test_the_sizes_of_the_other_direction_are_those_that_a_convolution_has),
        (transposed, sizes),
    ),
    Comparison("answers of the inverse question", inverse_answers, (st.sampled_from(KINDS), st.data()), 0.2),
    Comparison(
        "features of sound",
        _test_function(test_other_settings_agree_too),
        (
            st.integers(1, 5000),
            st.sampled_from([8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000]),
            st.sampled_from([0.01, 0.02, 0.023, 0.025, 0.03, 0.046]),
            st.sampled_from([0.005, 0.01, 0.0115, 0.0125, 0.023]),
            st.integers(2, 40),
        ),
        0.5,
    ),
    Comparison(
        "schedules with a warm-up",
        _test_function(test_torchs_own_schedulers_in_sequence_have_the_same_rates),
        (
            st.sampled_from(["constant", "step", "cosine"]),
            st.integers(2, 40),
            st.integers(2, 30),
            st.integers(1, 10),
            st.integers(1, 12),
            st.floats(0.05, 1.0),
        ),
        0.5,
    ),
    Comparison("advice, and what it offers", advice_builds, (buildable_nets(),), 0.2),
)


def compare(comparison: Comparison, cases: int) -> tuple[int, list[str]]:
    """Returns the number of cases that were tried and what differed."""
    tried, differences = 0, list[str]()

    @seed(0)
    @settings(
        max_examples=cases,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.tuples(*comparison.cases))
    def try_case(case: tuple[object, ...]) -> None:
        nonlocal tried
        tried += 1
        try:
            comparison.check(*case)
        except Exception as error:
            differences.append(f"{case}: {type(error).__name__} {str(error)[:200]}")

    try_case()
    return tried, differences


def main() -> None:
    """Prints a line for each comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=5000, help="cases of each comparison that takes no long")
    options = parser.parse_args()
    rows, found = [], list[str]()
    for comparison in COMPARISONS:
        start = time.monotonic()
        tried, differences = compare(comparison, max(int(comparison.share * options.cases), 1))
        seconds = f"{time.monotonic() - start:.0f}"
        rows.append((comparison.title, f"{tried:,}", len(differences), seconds, verdict(len(differences), 0)))
        found += [f"{comparison.title}: {difference}" for difference in differences[:5]]
    print(table(("", "cases", "differences", "s", "goal: none"), rows))
    print("\n".join(found))


if __name__ == "__main__":
    main()
