"""The guide for students, in the app itself: a server may have no way to the internet."""

import re
from pathlib import Path

import streamlit as st

GUIDE = Path(__file__).parents[2] / "docs" / "guide.md"
SECTION_KEY = "section"
"""Key of the choice among sections, and the parameter of the address that names one."""
PICTURE = re.compile(r"^!\[.*?\]\(.*?\)\n", re.MULTILINE)
LOCAL_LINK = re.compile(r"\[([^\]]+)\]\((?!https?://)[^)]+\)")


def read_sections(text: str) -> dict[str, str]:
    r"""Returns the sections of a guide in Markdown by their headings, without pictures and links to other files.

    >>> read_sections("# Guide\n\n## Train\n\nSee [settings](settings.md).\n\n## Runs\n\n![Runs](runs.png)\n\nAll.\n")
    {'Train': 'See settings.', 'Runs': 'All.'}
    """
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    bodies = (LOCAL_LINK.sub(r"\1", PICTURE.sub("", body)).strip() for body in parts[1::2])
    return dict(zip(parts[::2], bodies, strict=True))


@st.cache_data(show_spinner=False)
def guide_sections() -> dict[str, str]:
    """Returns the sections of the guide by their headings; most have the name of a page."""
    return read_sections(GUIDE.read_text(encoding="utf-8"))


def guide_link(page_title: str) -> None:
    """Draws the link to what the guide says about a page; `frame.css` puts it at the top, right of the navigation."""
    section = page_title if page_title in guide_sections() else next(iter(guide_sections()))
    with st.container(key="guide-link"):
        st.page_link("pages/guide.py", label="Guide", icon=":material/menu_book:", query_params={SECTION_KEY: section})


def guide_view() -> None:
    """Draws the choice among the sections, and the chosen one."""
    sections = guide_sections()
    chosen = st.segmented_control(
        "Section",
        list(sections),
        default=next(iter(sections)),
        required=True,
        key=SECTION_KEY,
        bind="query-params",
        persist_state="session",
    )
    with st.container(key="guide"):
        st.markdown(f"## {chosen}\n\n{sections[chosen]}")
