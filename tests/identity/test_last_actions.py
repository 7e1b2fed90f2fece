"""When people last did something, with a clock of the test."""

import pytest

from cnnviz.identity import last_actions as module
from cnnviz.identity.last_actions import LastActions


def test_nothing_counts_from_the_last_action_or_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(module, "MAX_KEYS", 2)
    actions = LastActions(lambda: now)
    now += 60
    actions.note("Anna", "her login")
    now += 5
    assert [actions.idle_seconds(key) for key in ("Anna", "her login", "Bert")] == [5, 5, 65]
    assert actions.idle_seconds("Bert", since=1062.0) == 3  # who came in then
    assert actions.idle_seconds("Anna", since=0.0) == 5
    actions.note("Anna")
    actions.note("Carla")
    assert [actions.idle_seconds(key) for key in ("Anna", "her login", "Carla")] == [0, 65, 0]  # forgotten first
