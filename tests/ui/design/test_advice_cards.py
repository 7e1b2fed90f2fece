"""Advice on the page: for the data set and the loss chosen on the Train page."""

import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.advice import advise
from cnnviz.architecture import Architecture
from cnnviz.presets import PRESETS
from cnnviz.training.config import TrainConfig
from cnnviz.ui.design.canvas.actions import apply_action
from cnnviz.ui.design.canvas.messages import read_actions
from cnnviz.ui.workbench import Workbench

LAB = PRESETS["lab-convnet"].architecture
DIGITS = PRESETS["digits-convnet"].architecture


def rules(design: Architecture, config: TrainConfig | None = None) -> dict[str, str]:
    """Names of the rules that have something to say in a session, with what they say."""

    def script() -> None:
        import streamlit as st  # noqa: PLC0415 (runs on its own)

        from cnnviz.ui.design.advice_cards import remarks_on  # noqa: PLC0415

        st.session_state["found"] = {
            remark.rule: remark.text for remark in remarks_on(st.session_state["workbench"].architecture)
        }

    app = AppTest.from_function(script, default_timeout=60)
    app.session_state["owner"] = "s" + "c" * 31
    app.session_state["workbench"] = Workbench(design)
    app.session_state["config"] = config or TrainConfig()
    app.run()
    assert not app.exception
    advice: dict[str, str] = app.session_state["found"]
    return advice


def test_the_labs_net_gets_its_four_remarks_whatever_data_set_is_chosen() -> None:
    assert set(rules(LAB)) == {"no-activation", "unread-edge", "batch-norm", "receptive-field"}


def test_the_classes_of_the_chosen_data_set_count_for_a_net_that_takes_it() -> None:
    digits = TrainConfig(dataset="digits")
    assert "10 classes" in rules(DIGITS.update_layer(10, out_features=11), digits)["output-features"]
    assert rules(DIGITS, digits) == {}


@pytest.mark.parametrize(("loss", "is_advised"), [("auto", False), ("CrossEntropyLoss", False), ("NLLLoss", True)])
def test_the_chosen_loss_counts(loss: str, is_advised: bool) -> None:
    config = TrainConfig(dataset="digits", loss=loss)
    assert ("no-log-softmax" in rules(DIGITS.remove_layer(11), config)) == is_advised


def test_one_action_applies_the_mend_of_a_remark() -> None:
    advice = advise(LAB)
    place = next(index for index, remark in enumerate(advice) if remark.rule == "no-activation")
    (action,) = read_actions({"actions": [{"op": "advice", "seq": 1, "index": place}]}, 0)
    workbench = apply_action(Workbench(LAB), action, advice)
    assert workbench.architecture == advice[place].mend.architecture  # type: ignore[union-attr]
    assert workbench.undo().architecture == LAB
    assert apply_action(workbench, action, advice) is workbench  # a second click on what is no longer there
    (missing,) = read_actions({"actions": [{"op": "advice", "seq": 2, "version": workbench.version, "index": 99}]}, 0)
    assert apply_action(workbench, missing, advice) is workbench
