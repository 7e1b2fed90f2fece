"""The report as a page: what it says, and that nothing of a student's text becomes markup."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from cnnviz.insight.predictions import Predictions
from cnnviz.takehome.charts import chart_specs
from cnnviz.takehome.report import to_html
from cnnviz.takehome.svg import render_svg
from tests.takehome.run_archives import failed_archive, make_predictions, trained_archive

NASTY = "<script>alert(1)</script> & “net”"


class Page(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [str(value) for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(
        to_html(
            trained_archive(), {name: render_svg(spec) for name, spec in chart_specs(trained_archive(), 0.9).items()}
        )
    )


def test_it_stands_alone(page: Page) -> None:
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert [address for address in page.addresses if not address.startswith("#")] == []
    assert page.tags.count("svg") >= 2


def test_it_tells_what_was_trained_and_what_came_of_it(page: Page) -> None:
    run_archive = trained_archive()
    assert "Anna’s <first> net & more 🙂" in page.text
    assert "BatchNorm1d" in page.text
    test = next(p.value for p in run_archive.points if (p.split, p.metric) == ("test", "accuracy"))
    assert f"{test:.3f}" in page.text
    assert all(name in page.text for name in run_archive.classes)


def test_what_a_student_wrote_stays_text() -> None:
    classes = tuple(f"{NASTY} {number}" for number in range(10))
    run_archive = failed_archive(
        title=NASTY,
        message=NASTY,
        dataset=NASTY,
        classes=classes,
        predictions=Predictions(make_predictions(10, 50).probabilities, make_predictions(10, 50).y, classes),
    )
    page = Page(to_html(run_archive, {}))
    assert "script" not in page.tags
    assert page.text.count(NASTY) > 10


def test_of_many_classes_the_most_frequent_confusions_are_told() -> None:
    run_archive = failed_archive(predictions=make_predictions(80, 400))
    text = to_html(run_archive, {})
    assert '<table class="matrix">' not in text
    assert re.search(r"class \d+", text)


def test_charts_are_drawn_of_runs_as_short_as_they_may_be() -> None:
    assert chart_specs(failed_archive(), 0.9) == {}
    assert np.isfinite(len(to_html(failed_archive(), {})))
