"""Study of a search: what it has tried, in Optuna's tables beside those of cnnviz, and what it tries next."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
import sqlalchemy as sql
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import get_param_importances
from optuna.pruners import SuccessiveHalvingPruner
from optuna.samplers import TPESampler
from optuna.storages import RDBStorage, get_storage
from optuna.trial import FrozenTrial, TrialState

from cnnviz.search.space import ParameterValue, RangeParameter, SearchParameter
from cnnviz.settings import Settings

STARTUP_TRIALS = 6
"""Random trials before the sampler learns from them; the first is the design as it is."""
FIRST_RUNG_EPOCHS, REDUCTION_FACTOR = 2, 2
"""After the first number of epochs, and each time it has doubled, one run in REDUCTION_FACTOR goes on."""
MIN_TRIALS_FOR_IMPORTANCE = 5
"""Number of ended runs from which on the importance of parameters is shown."""
LOCK_TIMEOUT_SECONDS = 10
RUN_ATTR, STOPPED_EARLY_ATTR, WINNER_ATTR = "run", "stopped early", "winner"
"""Names of attributes of trials and studies."""

optuna.logging.disable_default_handler()
optuna.logging.enable_propagation()
optuna.logging.set_verbosity(logging.WARNING)


@dataclass(frozen=True)
class Trial:
    """One set of choices, the run that tries it, and whether it was stopped early for falling behind."""

    number: int
    """Number from 1, as people count."""
    params: Mapping[str, ParameterValue]
    run_id: str | None
    """None for choices that could not be trained, or not yet."""
    pruned: bool = False
    failed: bool = False
    """Whether these choices could not be trained."""


def open_storage(limits: Settings) -> RDBStorage:
    """Opens Optuna's tables in the database of the server, which must have been opened before."""
    if limits.database_url:
        url = sql.make_url(limits.database_url).set(drivername="postgresql+psycopg")
        wait: dict[str, Any] = {"connect_timeout": LOCK_TIMEOUT_SECONDS}
    else:
        url = sql.URL.create("sqlite", database=str(limits.data_dir / "cnnviz.sqlite"))
        wait = {"timeout": LOCK_TIMEOUT_SECONDS}
    text = url.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")  # Optuna fills in a version
    return RDBStorage(text, engine_kwargs={"connect_args": wait, "pool_pre_ping": True})


class Study:
    """Optuna's study of one search: proposes choices and takes their results; not for several threads."""

    def __init__(
        self, storage: RDBStorage, name: str, parameters: Mapping[str, SearchParameter], seed: int = 0
    ) -> None:
        first_independent = sorted(parameters, key=lambda name: _depends_on(parameters[name]) is not None)
        self._distributions = {name: _to_distribution(parameters[name]) for name in first_independent}
        self._storage = get_storage(storage)
        self._pruner = SuccessiveHalvingPruner(min_resource=FIRST_RUNG_EPOCHS, reduction_factor=REDUCTION_FACTOR)
        self._study = optuna.create_study(
            study_name=name, storage=self._storage, direction="maximize", pruner=self._pruner, load_if_exists=True
        )
        # of a study that goes on, not the same random numbers once more
        self._study.sampler = _BoundedSampler(
            parameters, n_startup_trials=STARTUP_TRIALS, seed=seed + len(self.trials())
        )

    def enqueue(self, params: Mapping[str, ParameterValue]) -> None:
        """Queues these choices as the next trial."""
        self._study.enqueue_trial(dict(params))

    def ask(self) -> Trial:
        """Returns new choices."""
        return _to_trial(self._storage.get_trial(self._study.ask(self._distributions)._trial_id))

    def set_run(self, number: int, run_id: str) -> None:
        """Stores which run tries a trial."""
        self._storage.set_trial_user_attr(self._frozen_trial(number)._trial_id, RUN_ATTR, run_id)

    def report(self, number: int, epoch: int, accuracy: float) -> None:
        """Stores the accuracy that a run had reached after an epoch."""
        self._storage.set_trial_intermediate_value(self._frozen_trial(number)._trial_id, epoch, accuracy)

    def reported_accuracies(self, number: int) -> dict[int, float]:
        """Returns the reported accuracies of a trial, by epoch."""
        return dict(self._frozen_trial(number).intermediate_values)

    def falls_behind(self, number: int) -> bool:
        """Returns whether a run is not in the better half of those that came as far."""
        return self._pruner.prune(self._study, self._frozen_trial(number))

    def complete(self, number: int, accuracy: float) -> None:
        """Stores the result of a run that ended."""
        self._study.tell(number - 1, accuracy, skip_if_finished=True)

    def prune(self, number: int, *, behind: bool = False) -> None:
        """Stores that a run was stopped, by somebody or for falling `behind`."""
        if behind:
            self._storage.set_trial_user_attr(self._frozen_trial(number)._trial_id, STOPPED_EARLY_ATTR, True)
        self._study.tell(number - 1, state=TrialState.PRUNED, skip_if_finished=True)

    def fail(self, number: int) -> None:
        """Stores that these choices could not be trained."""
        self._study.tell(number - 1, state=TrialState.FAIL, skip_if_finished=True)

    def trials(self) -> tuple[Trial, ...]:
        """Returns all trials so far."""
        return tuple(_to_trial(trial) for trial in self._frozen_trials())

    def running_trials(self) -> tuple[Trial, ...]:
        """Returns the trials that have no result yet."""
        return tuple(_to_trial(trial) for trial in self._frozen_trials() if trial.state == TrialState.RUNNING)

    @property
    def winner(self) -> int | None:
        """Number of the first trial that reached the goal."""
        number: int | None = self._study.user_attrs.get(WINNER_ATTR)
        return number

    @winner.setter
    def winner(self, number: int) -> None:
        self._study.set_user_attr(WINNER_ATTR, number)

    @property
    def finished_count(self) -> int:
        """Number of trials whose runs have trained to their end."""
        return len(self._results())

    def importances(self) -> dict[str, float]:
        """Returns the share of each parameter in what made runs good, largest first; empty from too few runs.

        Source: Watanabe, Bansal & Hutter, "PED-ANOVA" (2023), as Optuna has it.
        """
        values = self._results()
        if len(values) < MIN_TRIALS_FOR_IMPORTANCE or len(set(values)) < 2:
            return {}
        return get_param_importances(self._study)

    def _results(self) -> list[float | None]:
        return [trial.value for trial in self._frozen_trials() if trial.state == TrialState.COMPLETE]

    def _frozen_trials(self) -> Sequence[FrozenTrial]:
        trials = self._study.get_trials(deepcopy=False)
        return [trial for trial in trials if trial.state != TrialState.WAITING]

    def _frozen_trial(self, number: int) -> FrozenTrial:
        return self._study.get_trials(deepcopy=False)[number - 1]


class _BoundedSampler(TPESampler):
    """TPE within upper bounds that depend on other parameters: what lies above its bound is drawn again below it."""

    def __init__(self, parameters: Mapping[str, SearchParameter], **options: Any) -> None:
        super().__init__(**options)
        self._parameters = parameters

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        params = super().sample_relative(study, trial, search_space)
        for name in params:
            bounded = self._bounded(name, params)
            if bounded is not None and params[name] > bounded.high:
                params[name] = super().sample_independent(study, trial, name, bounded)
        return params

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        bounded = self._bounded(param_name, trial.params)
        return super().sample_independent(study, trial, param_name, bounded or param_distribution)

    def _bounded(self, name: str, params: Mapping[str, ParameterValue]) -> FloatDistribution | None:
        """Returns the distribution of a parameter beside these values of others; None where no other bound holds."""
        parameter = self._parameters[name]
        if not isinstance(parameter, RangeParameter) or parameter.depends_on is None:
            return None
        return FloatDistribution(parameter.low, parameter.high_with(params), log=parameter.is_log)


def _depends_on(parameter: SearchParameter) -> str | None:
    return parameter.depends_on if isinstance(parameter, RangeParameter) else None


def _to_trial(trial: FrozenTrial) -> Trial:
    user_attrs = trial.user_attrs
    failed = trial.state == TrialState.FAIL
    return Trial(
        trial.number + 1,
        dict(trial.params),
        user_attrs.get(RUN_ATTR),
        user_attrs.get(STOPPED_EARLY_ATTR, False),
        failed,
    )


def _to_distribution(parameter: SearchParameter) -> BaseDistribution:
    if not isinstance(parameter, RangeParameter):
        return CategoricalDistribution(parameter.values)
    if parameter.is_integer:
        return IntDistribution(int(parameter.low), int(parameter.high))
    return FloatDistribution(parameter.low, parameter.high, log=parameter.is_log)
