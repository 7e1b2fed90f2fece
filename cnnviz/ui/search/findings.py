"""What a search has found out so far, in sentences."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from cnnviz.charts.search import DONE, RUNNING, TrialResult, parameter_title
from cnnviz.search.space import CategoricalParameter, SearchParameter, choice_label
from cnnviz.searches.search_driver import FIRST_TRIAL
from cnnviz.searches.study import MIN_TRIALS_FOR_IMPORTANCE, STARTUP_TRIALS

MIN_RUNS_COMPARED = 2
"""Number of finished runs of each of two choices from which on their means are compared."""


def describe_findings(
    trials: Sequence[TrialResult], parameters: Mapping[str, SearchParameter], *, active: bool
) -> Iterator[str]:
    """Yields what is known from the first run on: the best run beside the first, a choice, and what is tried next."""
    measured = [(trial.accuracy, trial) for trial in trials if trial.accuracy is not None]
    if measured:
        yield _describe_best(measured, parameters)
    if compared := _describe_choice(trials, parameters):
        yield compared
    if active:
        yield _describe_next(sum(trial.accuracy is not None and trial.state != RUNNING for trial in trials))


def describe_missing_importance(finished: int) -> str:
    """Returns why it cannot be told yet how much each parameter mattered.

    >>> describe_missing_importance(3)
    'This takes at least 5 runs that have trained to their end; so far there are 3.'
    """
    if finished < MIN_TRIALS_FOR_IMPORTANCE:
        return (
            f"This takes at least {MIN_TRIALS_FOR_IMPORTANCE} runs that have trained to their end; so far there"
            f" {'is' if finished == 1 else 'are'} {finished or 'none'}."
        )
    return "All runs that have trained to their end reached the same accuracy, so no choice stands out."


def _describe_best(measured: Sequence[tuple[float, TrialResult]], parameters: Mapping[str, SearchParameter]) -> str:
    best_accuracy, best = max(measured, key=lambda pair: (pair[0], -pair[1].number))
    first_accuracy, first = next((pair for pair in measured if pair[1].number == FIRST_TRIAL), (None, None))
    if first_accuracy is None or first is None:
        return f"Run {best.number} is the best so far, with {best_accuracy:.3f}."
    if best is first:
        beaten = (
            f"none of the {len(measured) - 1} others is better" if len(measured) > 1 else "no other has a result yet"
        )
        return f"Run {FIRST_TRIAL}, your net as it is, has {first_accuracy:.3f} so far; {beaten}."
    changes = [
        f"{parameter_title(name)} {choice_label(name, best.params[name])}"
        + (f" instead of {choice_label(name, first.params[name])}" if first.params.get(name) is not None else "")
        for name in parameters
        if name in best.params and best.params[name] != first.params.get(name)
    ]
    return (
        f"Run {best.number} is the best so far, with {best_accuracy:.3f}; run {FIRST_TRIAL}, your net as it is, has"
        f" {first_accuracy:.3f}. They differ in: {', '.join(changes)}."
    )


def _describe_choice(trials: Sequence[TrialResult], parameters: Mapping[str, SearchParameter]) -> str | None:
    """Returns the choice between whose values the finished runs differ most on average; None from too few runs."""
    comparisons = []
    for name, parameter in parameters.items():
        if not isinstance(parameter, CategoricalParameter):
            continue
        by_value = defaultdict(list)
        for trial in trials:
            if trial.state == DONE and trial.accuracy is not None and name in trial.params:
                by_value[trial.params[name]].append(trial.accuracy)
        means = {value: fmean(got) for value, got in by_value.items() if len(got) >= MIN_RUNS_COMPARED}
        if len(means) > 1:
            high, low = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
            sides = [
                f"{choice_label(name, value)} ({len(by_value[value])} runs) {means[value]:.3f}" for value in (high, low)
            ]
            comparisons.append((means[high] - means[low], parameter_title(name), sides))
    if not comparisons:
        return None
    _, title, sides = max(comparisons, key=lambda comparison: comparison[0])
    return (
        f"Of the choices, {title} made the largest difference on average over the finished runs: {' and '.join(sides)}."
        " With few runs, this is only a hint."
    )


def _describe_next(ended: int) -> str:
    if ended < STARTUP_TRIALS:
        return (
            f"The next runs are chosen at random until {STARTUP_TRIALS} runs have ended; from then on, choices that are"
            " more frequent among the better runs than among the others are preferred."
        )
    return "The next runs prefer choices that are more frequent among the better runs than among the others."
