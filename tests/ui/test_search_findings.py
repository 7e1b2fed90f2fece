from collections.abc import Sequence

import pytest

from cnnviz.charts.search import DONE, PRUNED, RUNNING, TrialResult
from cnnviz.search.space import CategoricalParameter, RangeParameter, SearchParameter
from cnnviz.ui.search.findings import describe_findings, describe_missing_importance

PARAMETERS: dict[str, SearchParameter] = {
    "learning_rate": RangeParameter(1e-4, 1e-1, 1e-2, is_log=True),
    "optimizer": CategoricalParameter(("SGD", "Adam"), "SGD"),
    "dropout": CategoricalParameter((None, 0.1), None),
}


def trial(number: int, accuracy: float | None, optimizer: str = "SGD", state: str = DONE) -> TrialResult:
    params = {"learning_rate": 0.01 * number, "optimizer": optimizer, "dropout": None if number == 1 else 0.1}
    return TrialResult(number, params, accuracy, state)


def findings(*trials: TrialResult, active: bool = True) -> Sequence[str]:
    return list(describe_findings(trials, PARAMETERS, active=active))


def test_something_is_told_from_the_first_run_on() -> None:
    assert findings(trial(1, None, state=RUNNING))[0].startswith(
        "The next runs are chosen at random until 6 runs have ended"
    )
    assert findings(trial(1, 0.5, state=RUNNING), active=False) == [
        "Run 1, your net as it is, has 0.500 so far; no other has a result yet."
    ]


def test_the_best_run_is_compared_with_the_first() -> None:
    assert findings(trial(1, 0.8), trial(2, 0.7), trial(3, 0.8), active=False) == [
        "Run 1, your net as it is, has 0.800 so far; none of the 2 others is better."
    ]
    (sentence,) = findings(trial(1, 0.8), trial(2, 0.9, "Adam"), active=False)
    assert sentence == (
        "Run 2 is the best so far, with 0.900; run 1, your net as it is, has 0.800. They differ in: Learning rate 0.02"
        " instead of 0.01, Optimizer Adam instead of SGD, Dropout 0.1."
    )
    assert findings(trial(2, 0.9), active=False) == ["Run 2 is the best so far, with 0.900."]


def test_the_choice_that_made_the_largest_difference_is_told_from_two_runs_of_each_on() -> None:
    trials = [trial(1, 0.8), trial(2, 0.7), trial(3, 0.9, "Adam"), trial(4, 0.6, "Adam", PRUNED)]
    assert len(findings(*trials, active=False)) == 1
    _, compared = findings(*trials, trial(5, 0.8, "Adam"), active=False)
    assert compared.startswith("Of the choices, Optimizer made the largest difference on average over the finished")
    assert "Adam (2 runs) 0.850 and SGD (2 runs) 0.750" in compared


def test_how_the_next_run_is_chosen_is_told_while_there_is_one() -> None:
    trials = [trial(number, 0.5) for number in range(1, 7)]
    assert findings(*trials)[-1].startswith("The next runs prefer choices that are more frequent among the better runs")
    assert not any("next runs" in sentence for sentence in findings(*trials, active=False))


@pytest.mark.parametrize(("finished", "text"), [(0, "there are none"), (1, "there is 1"), (4, "there are 4")])
def test_why_it_cannot_be_told_yet_what_mattered_is_told(finished: int, text: str) -> None:
    assert describe_missing_importance(finished) == (
        f"This takes at least 5 runs that have trained to their end; so far {text}."
    )
    assert "the same accuracy" in describe_missing_importance(5)
