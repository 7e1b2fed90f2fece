"""The documentation cannot rot: what exists is looked up in it."""

import re
from pathlib import Path

import pytest

from cnnviz.advice import ADVICE
from cnnviz.layers import PALETTE
from cnnviz.presets import PRESETS
from cnnviz.settings import Settings

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md"]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name: str) -> None:
    assert f"`CNNVIZ_{name.upper()}`" in (ROOT / "docs/settings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", PALETTE)
def test_every_layer_kind_is_in_the_guide(kind: str) -> None:
    assert f"`{kind}`" in (ROOT / "docs/guide.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*ADVICE, *PRESETS])
def test_every_rule_of_advice_and_every_preset_is_in_the_guide(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs/guide.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", PAGES, ids=lambda document: document.name)
def test_every_link_into_the_repository_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_the_readme_has_the_two_commands() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    start = "python3 -m venv .venv && .venv/bin/pip install -r "
    assert f"{start}requirements.txt && .venv/bin/streamlit run app.py" in lines
    assert f"{start}requirements-dev.txt && .venv/bin/pytest" in lines
