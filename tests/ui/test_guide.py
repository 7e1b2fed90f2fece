"""The guide in the app is the one of the documentation, and every page finds its part in it."""

import re
from pathlib import Path

from cnnviz.ui.guide import GUIDE, read_sections

ROOT = Path(__file__).parents[2]
SECTIONS = read_sections(GUIDE.read_text(encoding="utf-8"))


def test_every_page_has_a_section() -> None:
    titles = re.findall(r'st\.Page\(\s*"pages/\w+\.py",\s+title="(\w+)"', (ROOT / "app.py").read_text(encoding="utf-8"))
    assert len(titles) == len(list((ROOT / "pages").glob("*.py")))
    assert set(titles) - {"Guide"} <= set(SECTIONS)


def test_no_section_loads_or_opens_what_the_app_does_not_serve() -> None:
    for text in SECTIONS.values():
        assert "![" not in text
        assert re.findall(r"\]\((?!https://)", text) == []


def test_the_image_holds_the_guide() -> None:
    assert f"!{GUIDE.relative_to(ROOT)}" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
