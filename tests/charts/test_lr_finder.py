import numpy as np

from cnnviz.charts.lr_finder import MARKS, POINTS, lr_finder_chart, lr_finder_tables

RATES = np.array([1e-5, 1e-4, 1e-3, 1e-2, 1e-1])
LOSSES = np.array([3.0, 2.8, 2.0, 2.5, 40.0])
SMOOTHED = np.array([3.0, 2.9, 2.0, 2.2, 9.0])


def test_lines_are_drawn_until_they_diverge_and_rules_that_suggest_nothing_have_no_mark() -> None:
    tables = lr_finder_tables(RATES, LOSSES, SMOOTHED, {"suggestion": 1e-4, "steepest": None})
    assert tables[POINTS].to_dict("list") == {
        "rate": [*RATES[:4], *RATES[:4]],
        "value": [3.0, 2.8, 2.0, 2.5, 3.0, 2.9, 2.0, 2.2],
        "line": ["loss of a step"] * 4 + ["smoothed"] * 4,
    }
    assert tables[MARKS].to_dict("list") == {
        "rate": [1e-4],
        "rule": ["suggestion"],
        "label": ["suggested"],
        "side": ["left"],
    }
    both = lr_finder_tables(RATES, LOSSES, SMOOTHED, {"suggestion": 1e-2, "steepest": 1e-3})
    assert both[MARKS]["side"].tolist() == ["right", "left"]  # no name crosses the line of the other


def test_a_search_that_has_not_begun_has_empty_tables() -> None:
    nothing = np.array([])
    assert all(len(table) == 0 for table in lr_finder_tables(nothing, nothing, nothing, {}).values())


def test_the_chart_itself_does_not_depend_on_what_comes() -> None:
    """A browser keeps a chart whose specification stays, and draws another one anew: it would blink."""
    early, late = (lr_finder_chart(RATES[:n], LOSSES[:n], SMOOTHED[:n], {"suggestion": 0.1}) for n in (1, 5))
    assert {**early, "datasets": None} == {**late, "datasets": None}
    assert [layer["mark"]["type"] for layer in early["layer"]] == ["line", "rule", "text", "text"]
