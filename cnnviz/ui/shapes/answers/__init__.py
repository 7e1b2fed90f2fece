"""A list of the answers to the inverse question, to choose from: a component without an iframe."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from cnnviz.calculator.inverse import changed_parameters, parameter_value, unusual_reason, variable_parameters
from cnnviz.calculator.operation import WindowRule

MAX_ROWS = 2000
"""Number of answers that are listed at most; the nearest come first."""

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "cnnviz_answers",
    html="<div class='answers'></div>\n<!-- answers.js draws here -->\n",
    css=(_HERE / "answers.css").read_text(encoding="utf-8"),
    js=(_HERE / "answers.js").read_text(encoding="utf-8"),
)


def answer_list(
    answers: Sequence[WindowRule], rule: WindowRule, names: Sequence[str], *, key: str, on_pick: Callable[[], None]
) -> None:
    """Draws the list; when `on_pick` is called, session state holds the index of the picked answer as [key].pick."""
    _component(key=key, data=answer_table(answers, rule, names), on_pick_change=on_pick)


def answer_table(answers: Sequence[WindowRule], rule: WindowRule, names: Sequence[str]) -> dict[str, Any]:
    """Returns a row per answer with the values of the named parameters, and which of them differ from `rule`.

    A row says why such a window is hardly ever used, if it is.

    >>> from cnnviz.windows import Window
    >>> answer_table([Window(4, stride=4)], Window(4, stride=2), ["kernel_size", "stride"])["rows"]
    [{'values': [4, 4], 'changed': [False, True], 'reason': ''}]
    """
    shown_names = [name for name in names if name in variable_parameters(rule)]
    return {
        "names": shown_names,
        "rows": [
            {
                "values": [parameter_value(answer, name) for name in shown_names],
                "changed": [name in changed_parameters(answer, rule) for name in shown_names],
                "reason": unusual_reason(answer),
            }
            for answer in answers[:MAX_ROWS]
        ],
    }


def picked_index(value: object, count: int) -> int | None:
    """Returns the index of the picked answer that the browser sent; None if it is not the index of a listed answer."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < min(count, MAX_ROWS):
        return None
    return value
