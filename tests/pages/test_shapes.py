"""Every control of the Shapes page changes what it shows; nonsense is refused with a reason and loses nothing."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.architecture import Architecture
from cnnviz.calculator.operation import EXAMPLE_DESIGNS, OPERATIONS, operation_title, window_parameters
from cnnviz.layers import AvgPool2d, Conv2d, ConvTranspose2d, Linear, MaxPool2d
from cnnviz.presets import PRESETS
from cnnviz.ui.workbench import Workbench

OpenPage = Callable[..., AppTest]
LAB = EXAMPLE_DESIGNS["The lab's convolution"]


def design(app: AppTest) -> Architecture:
    workbench: Workbench = app.session_state["calculator"]
    return workbench.architecture


def size_heading(app: AppTest) -> str:
    """Returns the heading with the sizes before and after the window."""
    return next(str(text.value) for text in app.markdown if text.value.startswith("###"))


def key_of(app: AppTest, part: str) -> str:
    """Returns the full key of the one widget whose key has `part` right before or after its revision."""
    widgets = [*app.text_input, *app.selectbox, *app.toggle, *app.segmented_control, *app.pills]
    (key,) = [w.key for w in widgets if w.key and (w.key.endswith(f"-{part}") or w.key.startswith(f"{part}-"))]
    return str(key)


def shows_reason(app: AppTest, text: str) -> bool:
    """Whether the page shows, below a widget, why its value was refused."""
    return any(":red" in markdown.value and text in markdown.value for markdown in app.markdown)


def open_with(open_page: OpenPage, layer: object, *sizes: int) -> AppTest:
    start = Architecture(input_shape=(1, *sizes), layers=[layer])  # type: ignore[list-item]
    return open_page("shapes", calculator=Workbench(start))


@pytest.fixture
def app(open_page: OpenPage) -> AppTest:
    return open_page("shapes")


def test_it_opens_with_the_labs_convolution_worked_out(app: AppTest) -> None:
    assert size_heading(app) == "### 99 × 26 → 90 × 17"
    general, height, width = (latex.value for latex in app.latex)
    assert r"\lfloor" in general
    assert r"H_{\text{out}}" in height
    assert r"\mathbf{90}" in height
    assert r"\mathbf{17}" in width


def test_the_pool_of_4_says_which_samples_are_never_read(app: AppTest) -> None:
    app.selectbox(key_of(app, "example")).select("The lab's pool").run()
    assert size_heading(app) == "### 90 × 17 → 22 × 4"
    assert r"\left\lfloor 3.25 \right\rfloor" in app.latex[2].value
    assert any("The last of the 17 samples of the width is never read." in caption.value for caption in app.caption)


def test_every_example_opens(app: AppTest) -> None:
    for title, example in EXAMPLE_DESIGNS.items():
        app.selectbox(key_of(app, "example")).select(title).run()
        assert not app.exception
        assert design(app) == example
        drawn_fields = {str(w.key).rsplit("-", 1)[-1] for w in [*app.text_input, *app.toggle]}
        assert set(window_parameters(example.layers[0])) <= drawn_fields


@pytest.mark.parametrize("title", OPERATIONS)
def test_every_operation_in_every_number_of_dimensions(app: AppTest, title: str) -> None:
    app.segmented_control(key_of(app, "operation")).set_value(title).run()
    for dimensions in (3, 1, 2):
        app.segmented_control(key_of(app, "dimensions")).set_value(dimensions).run()
        assert not app.exception
        (layer,) = design(app).layers
        assert (operation_title(layer), len(design(app).input_shape)) == (title, dimensions + 1)
        assert layer.kernel_size == (2 if "pool" in title else 10)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("layer", "name", "value", "sizes"),
    [
        (Conv2d(out_channels=1, kernel_size=3), "kernel_size", "5, 4", "### 20 × 20 → 16 × 17"),
        (Conv2d(out_channels=1, kernel_size=3), "stride", "2", "### 20 × 20 → 9 × 9"),
        (Conv2d(out_channels=1, kernel_size=3), "padding", "same", "### 20 × 20 → 20 × 20"),
        (Conv2d(out_channels=1, kernel_size=3), "dilation", "1, 3", "### 20 × 20 → 18 × 14"),
        (MaxPool2d(kernel_size=3), "stride", "1", "### 20 × 20 → 18 × 18"),
        (MaxPool2d(kernel_size=3), "padding", "1", "### 20 × 20 → 7 × 7"),
        (AvgPool2d(kernel_size=3, stride=2), "ceil_mode", True, "### 20 × 20 → 10 × 10"),
        (ConvTranspose2d(out_channels=1, kernel_size=2, stride=2), "output_padding", "1", "### 20 × 20 → 41 × 41"),
    ],
)
def test_every_parameter_changes_the_result(
    open_page: OpenPage, layer: object, name: str, value: object, sizes: str
) -> None:
    app = open_with(open_page, layer, 20, 20)
    before = size_heading(app)
    widget = app.toggle if isinstance(value, bool) else app.text_input
    widget(key_of(app, name)).set_value(value).run()
    assert not app.exception
    assert size_heading(app) == sizes != before


def test_the_input_size_takes_one_number_or_one_per_axis(app: AppTest) -> None:
    app.text_input(key_of(app, "sizes")).set_value("28").run()
    assert size_heading(app) == "### 28 × 28 → 19 × 19"
    app.text_input(key_of(app, "sizes")).set_value("28 × 30").run()
    assert size_heading(app) == "### 28 × 30 → 19 × 21"


@pytest.mark.parametrize("part", ["sizes", "kernel_size"])
def test_nonsense_is_refused_with_a_reason_and_loses_nothing(app: AppTest, part: str) -> None:
    for typed in ("0", "-3", "wide", "3, 4, 5", "99999999999", "", "<b>3</b>", "3, y"):
        app.text_input(key_of(app, part)).set_value(typed).run()
        assert not app.exception
        assert design(app) == LAB
        assert app.text_input(key_of(app, part)).value == typed
        assert shows_reason(app, "")


def test_a_window_that_does_not_fit_says_so_and_offers_what_fits(app: AppTest) -> None:
    app.text_input(key_of(app, "kernel_size")).set_value("30").run()
    assert "a window of 30 does not fit a width of 26" in app.error[0].value
    mend = next(button for button in app.button if str(button.key).startswith("mend-"))
    mend.click().run()
    assert not app.error
    assert size_heading(app) == "### 99 × 26 → 70 × 1"


def test_the_inverse_question_counts_every_answer(app: AppTest) -> None:
    app.text_input(key_of(app, "height")).set_value("22").run()
    assert any("answers** turn a height of 99 into 22" in text.value for text in app.markdown)
    app.segmented_control(key_of(app, "axis")).set_value("width").run()
    app.text_input(key_of(app, "width")).set_value("9").run()
    app.pills(key_of(app, "vary")).set_value(["stride"]).run()
    assert any("**1 answer** turns a width of 26 into 9" in text.value for text in app.markdown)


def test_a_size_that_cannot_be_had_names_the_nearest(app: AppTest) -> None:
    app.pills(key_of(app, "vary")).set_value(["stride"]).run()
    app.text_input(key_of(app, "height")).set_value("40").run()
    assert any("No answer" in text.value and "30 or 45" in text.value for text in app.markdown)


def test_the_inverse_question_needs_something_to_vary(app: AppTest) -> None:
    app.pills(key_of(app, "vary")).set_value([]).run()
    assert "at least one parameter" in app.info[0].value


def test_the_chain_is_that_of_the_students_design_or_of_a_preset(open_page: OpenPage) -> None:
    flat = Architecture(input_shape=(64,), layers=(Linear(out_features=10),))
    app = open_page("shapes", workbench=Workbench(flat))
    assert "The chain needs samples with an axis" in app.info[0].value
    app.selectbox("chain-net").select("lab-convnet").run()
    assert not app.info


def test_the_labs_trace_is_worked_through(app: AppTest) -> None:
    printed = [code.value for code in app.code]
    assert printed[0] == "torch.Size([256, 1, 99, 26])"
    assert printed[-1] == "torch.Size([256, 35])"
    lab = PRESETS["lab-convnet"].architecture
    assert len(printed) == len(lab.layers) - 2
    assert any("10 · 22 · 4 = 880" in text.value for text in app.markdown)
