"""One training step on the Inside page: any design, any weight, every optimizer, and never a traceback."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.architecture import Architecture
from cnnviz.layers import Conv2d, Linear
from cnnviz.presets import PRESETS
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from cnnviz.ui.workbench import Workbench

OpenPage = Callable[..., AppTest]
DIGITS = PRESETS["digits-convnet"].architecture


def open_step(open_page: OpenPage, design: Architecture, **config: object) -> AppTest:
    settings = TrainConfig(dataset="digits").changed(**config)
    app = open_page("inside", workbench=Workbench(design), config=settings)
    app.segmented_control("inside-view").set_value("One training step").run()
    assert not app.exception
    return app


def shown(app: AppTest, label: str) -> str:
    """The number below the beginning of a label."""
    (value,) = [str(metric.value) for metric in app.metric if metric.label.startswith(label)]
    return value


@pytest.mark.parametrize("name", ["bands-1d", "lab-convnet", "keywords-residual", "digits-convnet", "voxels-3d"])
def test_every_preset_of_the_course_is_followed(open_page: OpenPage, name: str) -> None:
    app = open_step(open_page, PRESETS[name].architecture)
    assert app.metric or "this net has" in app.warning[0].value.lower()


@pytest.mark.parametrize(
    ("design", "reason"),
    [
        (Architecture(input_shape=(1, 8, 8), layers=(Conv2d(out_channels=4, kernel_size=(3, 3)),)), "row of scores"),
        (Architecture(input_shape=(17,), layers=(Linear(out_features=3),)), ""),
    ],
)
def test_a_net_without_scores_is_refused_and_one_without_data_gets_noise(
    open_page: OpenPage, design: Architecture, reason: str
) -> None:
    app = open_step(open_page, design)
    assert bool(app.metric) is not bool(reason)
    assert not reason or reason in app.warning[0].value


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_rule_of_each_optimizer_ends_at_torchs_weight(open_page: OpenPage, optimizer: str) -> None:
    app = open_step(open_page, DIGITS, optimizer=optimizer, weight_decay=0.1)
    assert app.selectbox(f"step-optimizer-{optimizer}").value == optimizer
    new_weight = float(shown(app, "New weight"))
    last_line = app.latex[-1].value
    assert r"w_{\text{new}}" in last_line
    text = last_line.split(r"\mathbf{")[-1].removesuffix("$$").strip().removesuffix("}")
    assert float(text.replace(r" \cdot 10^{", "e").replace("}", "")) == pytest.approx(new_weight, rel=1e-4)
    assert float(shown(app, "Gradient")) != 0


def test_any_weight_can_be_chosen_after_other_steps(open_page: OpenPage) -> None:
    app = open_step(open_page, DIGITS, nesterov=True)
    first = shown(app, "Loss of")
    weights = next(box for box in app.selectbox if str(box.key).startswith("step-weights"))
    for option in range(len(weights.options)):
        weights = next(box for box in app.selectbox if str(box.key).startswith("step-weights"))
        weights.select_index(option).run()
        assert not app.exception
    app.text_input("steps-before").set_value("3").run()
    assert not app.exception
    assert shown(app, "Loss of") != first
