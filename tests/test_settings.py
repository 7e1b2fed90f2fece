import pytest

from cnnviz.errors import CnnvizError
from cnnviz.settings import settings


@pytest.fixture(autouse=True)
def forget_settings() -> None:
    settings.cache_clear()


def test_a_wrong_variable_is_named_with_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNVIZ_MAX_ACTIVE_RUNS", "many")
    with pytest.raises(CnnvizError, match=r"CNNVIZ_MAX_ACTIVE_RUNS: should be a whole number.*received 'many'"):
        settings()


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNVIZ_THREADS", "2")
    assert settings().threads == 2
    settings.cache_clear()
