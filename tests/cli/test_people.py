"""Teachers and names from the command line of a server's machine."""

import re
import stat
from pathlib import Path

import pytest

from cnnviz.identity.attempts import Attempts
from cnnviz.identity.class_code import ClassCodeDoor
from cnnviz.identity.door import Attempt
from cnnviz.identity.pin import PinHasher
from cnnviz.runs.store import Store
from cnnviz.secret_key import secret_key
from tests.cli.conftest import RunCommand


def test_a_link_is_good_for_the_server_of_these_settings(
    cnnviz: RunCommand, folder: Path, class_settings: None
) -> None:
    links = [cnnviz("teacher", "--server", "https://nets.example.org/").stdout for _ in range(2)]
    store = Store(folder / "data")
    for link in links:
        address, _, token = link.strip().partition("#")
        assert address == "https://nets.example.org/door/teacher"
        assert store.people.is_teacher_link(token)
    store.close()


def test_names_get_pins_on_a_sheet_that_nobody_else_can_read(
    cnnviz: RunCommand, folder: Path, class_settings: None
) -> None:
    (folder / "class.csv").write_text("Name,Email address\nAnna <Weiß>,a@example.org\nBert,\n", encoding="utf-8")
    assert "2 names, 2 of them without a PIN" in cnnviz("people", "class.csv", "--pins", "sheet.html").stdout
    sheet = (folder / "sheet.html").read_text(encoding="utf-8")
    assert stat.S_IMODE((folder / "sheet.html").stat().st_mode) == 0o600
    assert "<Weiß>" not in sheet
    pins = re.findall(r"<dd>(\d{6})</dd>", sheet)
    assert len(pins) == 2
    store = Store(folder / "data")
    door = ClassCodeDoor(store.people, PinHasher(secret_key(folder / "data")), Attempts())
    code = re.findall(r"<dd>([A-Z0-9]{4}-[A-Z0-9]{4})</dd>", sheet)[0]
    for name, pin in zip(("Anna <Weiß>", "bert"), pins, strict=True):
        assert door.enter(Attempt(form={"code": code, "name": name, "pin": pin}))
    assert not store.people.list_is_open()
    assert [account.email for account in store.people.all()] == ["a@example.org", ""]
    store.close()


def test_who_has_a_pin_keeps_it(cnnviz: RunCommand, folder: Path, refused: RunCommand, class_settings: None) -> None:
    (folder / "class.csv").write_text("Anna\n", encoding="utf-8")
    assert "1 name, 1 of them" in cnnviz("people", "class.csv", "--pins", "sheet.html").stdout
    assert "there already" in str(refused("people", "class.csv", "--pins", "sheet.html"))
    (folder / "class.csv").write_text("Anna\nBert\n", encoding="utf-8")
    said = cnnviz("people", "class.csv", "--pins", "more.html", "--open").stdout
    assert said == "2 names, 1 of them without a PIN until now. Names that are not on the list can come in, too.\n"
    assert "Anna" not in (folder / "more.html").read_text(encoding="utf-8")


def test_a_server_alone_has_no_people(refused: RunCommand, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "class.csv").write_text("Anna\n", encoding="utf-8")
    for command in (("teacher",), ("people", "class.csv")):
        assert "CNNVIZ_MODE is single" in str(refused(*command))
