import pytest

from cnnviz.ui.runs.labels import time_zone


def test_a_known_time_zone_is_taken() -> None:
    assert str(time_zone("Europe/Warsaw")) == "Europe/Warsaw"


@pytest.mark.parametrize("name", ["Etc/Unknown", "../../etc/passwd", "/etc/passwd", "", None, "a" * 5000, "\0"])
def test_a_time_zone_that_nobody_knows_is_the_servers(name: str | None) -> None:
    assert time_zone(name) is None
