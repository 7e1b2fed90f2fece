"""How many runs somebody may have at a time: by the server's settings, the teacher's rules, and their address."""

from collections.abc import Callable

from cnnviz.errors import LimitError
from cnnviz.runs.class_rules import ClassRules
from cnnviz.runs.run import TRAIN_RUN, Run, Status
from cnnviz.runs.store import MAX_RUNS_PER_OWNER, Store
from cnnviz.settings import Settings
from cnnviz.visitors import visitors

ESTABLISHING_SECONDS = 10.0
"""Time that a device has worked for a run of an owner who counts as established."""


class RunLimits:
    """The limits of one server; whoever queues runs asks them one after another."""

    def __init__(self, store: Store, limits: Settings, rules: Callable[[], ClassRules]) -> None:
        self._store, self._limits, self._rules = store, limits, rules

    def check(self, owner: str, except_run_id: str = "") -> None:
        """Raises LimitError where an owner may not have one more run; a stored one that goes on is not counted."""
        runs = self._store.runs_of(owner)
        if any(run.kind == TRAIN_RUN and run.worked >= ESTABLISHING_SECONDS for run in runs):
            visitors().establish(owner)
        if not except_run_id and len(runs) >= MAX_RUNS_PER_OWNER:
            raise LimitError(
                f"You have {MAX_RUNS_PER_OWNER:,} runs, the most that are kept. Delete some on the Runs page."
            )
        owned_runs = [run for run in runs if run.active or run.status == Status.PAUSED]
        open_run_count = sum(run.id != except_run_id for run in owned_runs)
        run_limit = self._rules().run_limit(owner, self._limits.max_active_runs)
        if open_run_count >= run_limit:
            who_allows = "this server" if run_limit == self._limits.max_active_runs else "your teacher"
            raise LimitError(
                f"You have {open_run_count} runs waiting, running or paused, as many as {who_allows} allows at a time. "
                "Stop one or wait until one ends."
            )
        address = visitors().address_of(owner)
        others = [run for run in self._store.active_runs() if run.id != except_run_id] if address else []
        if sum(visitors().address_of(run.owner) == address for run in others) >= self._limits.max_address_runs:
            raise LimitError(
                f"{self._limits.max_address_runs} runs that were started from your network address are waiting or"
                " running, as many as this server allows at a time. Try again when some have ended."
            )

    def check_time(self, run: Run) -> None:
        """Raises LimitError where a device has worked for a run as long as it may."""
        if run.worked >= self._limits.max_run_seconds:
            raise LimitError(
                f"This run has had {run.worked:,.0f} seconds of the device's time; this server gives a run"
                f" {self._limits.max_run_seconds:,}."
            )
