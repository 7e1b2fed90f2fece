"""The reason for a refused value calls the field as the page does."""

from streamlit.testing.v1 import AppTest


def page() -> None:
    from cnnviz.training.config import TrainConfig  # noqa: PLC0415 (the function is a script of its own)
    from cnnviz.ui.widgets.fields import field  # noqa: PLC0415

    field(
        TrainConfig(), "learning_rate", key="rate", on_change=lambda name, value: TrainConfig().changed(**{name: value})
    )


def test_a_refused_value_is_told_with_the_label_of_its_field() -> None:
    app = AppTest.from_function(page).run()
    app.text_input("rate").set_value("-1").run()
    (reason,) = [element.value.replace("\\", "") for element in app.markdown if "error" in element.value]
    assert "Learning rate: should be greater than or equal to 0.00000001" in reason
    assert "learning_rate" not in reason
