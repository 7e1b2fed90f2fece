"""The Inside page: any design, trained or not, over one sample, and never a traceback."""

import base64
import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from streamlit.testing.v1 import AppTest

from cnnviz.architecture import Architecture
from cnnviz.data import DATASETS
from cnnviz.insight.tested_samples import find_tested_samples
from cnnviz.layers import (
    BatchNorm1d,
    BatchNorm2d,
    Conv1d,
    Conv2d,
    ConvTranspose1d,
    Dropout,
    Flatten,
    Gate,
    Linear,
    MaxPool2d,
    Parallel,
    ReLU,
    Residual,
)
from cnnviz.presets import PRESETS
from cnnviz.runs.archives import read_predictions
from cnnviz.runs.cluster import Cluster
from cnnviz.runs.run import Run, Status
from cnnviz.secret_key import new_owner
from cnnviz.training.config import TrainConfig
from cnnviz.ui.data.content import read_content
from cnnviz.ui.workbench import Workbench
from tests.designs import NET
from tests.pages.conftest import wait_for
from tests.strategies import buildable_nets

OpenPage = Callable[..., AppTest]

DESIGNS = {
    "one axis": PRESETS["raw-1d"].architecture,
    "bands": PRESETS["bands-1d"].architecture,
    "the lab's": PRESETS["lab-convnet"].architecture,
    "residual": PRESETS["keywords-residual"].architecture,
    "blocks": Architecture(
        input_shape=(3, 9, 7),
        layers=[
            Parallel(branches=((Conv2d(out_channels=4, kernel_size=3, padding=1), BatchNorm2d(), ReLU()), ())),
            Gate.default((7, 9, 7)),
            Residual.default((7, 9, 7)),
            MaxPool2d(kernel_size=2),
            Dropout(),
        ],
    ),
    "norm of features": Architecture(input_shape=(1, 8, 8), layers=[Flatten(), BatchNorm1d(), Linear(out_features=10)]),
    "transposed": Architecture(input_shape=(2, 30), layers=[ConvTranspose1d(out_channels=3, kernel_size=4, stride=2)]),
    "three axes": PRESETS["voxels-3d"].architecture,
    "digits": PRESETS["digits-convnet"].architecture,
    "flat": Architecture(input_shape=(17,), layers=[Linear(out_features=3)]),
    "no layers": Architecture(input_shape=(1, 8, 8)),
    "fails": Architecture(input_shape=(1, 8, 8), layers=[Conv2d(out_channels=2, kernel_size=9), Flatten()]),
    "wrong axes": Architecture(input_shape=(1, 8, 8), layers=[Conv1d(out_channels=2, kernel_size=3)]),
    "too large": PRESETS["vgg-11"].architecture,
}

REFUSED = {"no layers", "fails", "wrong axes", "too large"}


@pytest.fixture(scope="module", autouse=True)
def contents_are_read() -> None:
    """Reading them for the first time is not what is waited for here."""
    for dataset in DATASETS.values():
        read_content(dataset)


@pytest.fixture(scope="module")
def anna() -> str:
    return new_owner()


@pytest.fixture(scope="module")
def ended(server: Cluster, anna: str) -> Run:
    """A run of the digits, trained to its end."""
    run = server.submit(anna, NET, TrainConfig(dataset="digits", epochs=2, learning_rate=1e-3))
    wait_for(lambda: server.run(anna, run.id).status == Status.DONE)
    wait_for(lambda: server.store.predictions(run.id))
    return server.run(anna, run.id)


@pytest.mark.parametrize("name", DESIGNS)
def test_every_design_opens_without_a_traceback(open_page: OpenPage, name: str) -> None:
    app = open_page("inside", workbench=Workbench(DESIGNS[name]))
    assert app.title[0].value == "Inside the net"
    refused = bool(app.warning)
    assert refused == (name in REFUSED), [w.value for w in app.warning]


@pytest.mark.parametrize("view", ["One map", "One value"])
@pytest.mark.parametrize("name", sorted(DESIGNS.keys() - REFUSED))
def test_every_zoom_shows_every_design(open_page: OpenPage, name: str, view: str) -> None:
    app = open_page("inside", **{"workbench": Workbench(DESIGNS[name]), "inside-view": view})
    assert not app.warning
    assert "inside-view" in app.session_state


@pytest.mark.parametrize("name", sorted(DESIGNS.keys() - REFUSED))
def test_training_mode_and_own_scales_show_every_design(open_page: OpenPage, name: str) -> None:
    app = open_page("inside", **{"workbench": Workbench(DESIGNS[name]), "maps-training": True, "maps-scale": "own"})
    assert not app.warning
    assert any("differs from evaluation" in text.value for text in app.markdown)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(buildable_nets())
def test_generated_nets_walk_through_all_zooms(open_page: OpenPage, architecture: Architecture) -> None:
    app = open_page("inside", workbench=Workbench(architecture))
    for state in ({"inside-view": "One map"}, {"inside-view": "One value"}, {"inside-view": "All maps"}):
        for name, value in state.items():
            app.session_state[name] = value
        app.run()
        assert not app.exception
    app.session_state["maps-training"] = True
    app.run()
    assert not app.exception


@pytest.mark.parametrize("kernel", ["Identity", "Blur", "Sobel along the band", "My own numbers"])
def test_the_kernel_is_edited_by_hand(open_page: OpenPage, kernel: str) -> None:
    app = open_page("inside", **{"workbench": Workbench(DESIGNS["the lab's"]), "inside-view": "One map"})
    box = next(box for box in app.selectbox if box.label == "Kernel")
    box.set_value(kernel).run()
    assert not app.exception
    assert any("Map 0 is" in text.value for text in app.markdown)


@pytest.mark.parametrize("part", ["Filters", "Weights before and after"])
@pytest.mark.parametrize("name", sorted(DESIGNS.keys() - REFUSED))
def test_the_weights_of_every_design_are_shown(open_page: OpenPage, name: str, part: str) -> None:
    state = {"workbench": Workbench(DESIGNS[name]), "inside-view": "What it has learned", "learned-view": part}
    app = open_page("inside", **state)
    assert not app.warning
    assert any("This net is untrained" in text.value for text in app.caption)


def test_dead_channels_of_a_run_are_those_that_torch_finds(
    server: Cluster, open_page: OpenPage, ended: Run, anna: str
) -> None:
    state = {"inside-net": ended.id, "inside-view": "What it has learned", "learned-view": "Dead channels"}
    app = open_page("inside", owner=anna, **state)
    assert not app.warning
    assert any("channels behind activations are 0 for all of 256 samples" in text.value for text in app.markdown)
    app.session_state["learned-view"] = "Weights before and after"
    app.run()
    assert any("training moved them by" in text.value for text in app.markdown)


def test_samples_that_excite_a_channel_and_an_embedding_are_shown_of_a_run(
    open_page: OpenPage, ended: Run, anna: str
) -> None:
    state = {"inside-net": ended.id, "inside-view": "What it has learned", "learned-view": "What excites a channel"}
    app = open_page("inside", owner=anna, **state)
    assert not app.warning
    assert any("its greatest values among 1,797 samples" in text.value for text in app.markdown)
    assert sum(button.help == "Open this sample above." for button in app.button) == 8
    app.session_state["learned-view"] = "Embedding"
    app.run()
    assert not app.exception
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert len(figure["data"]) == 10, "the others, eight classes in colour, and the sample at hand"
    assert any("labelled" in text.value for text in app.markdown)
    nearest = [button for button in app.button if button.help == "Open this sample above."]
    index = int(nearest[0].key.rsplit("-", 1)[1])
    nearest[0].click().run()
    assert not app.exception
    assert any(f"Sample {index:,}:" in text.value for text in app.markdown)


def test_a_design_that_fails_says_why(open_page: OpenPage) -> None:
    (warning,) = open_page("inside", workbench=Workbench(DESIGNS["fails"])).warning
    assert "Layer 1, Conv2d" in warning.value


def test_a_mistake_on_result_is_opened(server: Cluster, open_page: OpenPage, ended: Run, anna: str) -> None:
    app = open_page("result", owner=anna)
    for key, value in (("result-view", "Mistakes"), ("closer-view", "Samples")):
        app.session_state[key] = value
        app.run()
    button = next(button for button in app.button if button.label == "Look inside at this one")
    row = int(button.key.rsplit("-", 1)[1])
    content = read_content(DATASETS["digits"])
    predictions = read_predictions(server.store, ended)
    assert predictions is not None
    indices = find_tested_samples(content, content.split_indices("random"), predictions)
    assert indices is not None
    button.click().run()
    assert not app.exception
    assert app.title[0].value == "Inside the net"
    assert app.selectbox(key="inside-net").value == ended.id
    assert any(f"Sample {indices[row]:,}:" in text.value for text in app.markdown)
    (bars,) = json.loads(app.get("plotly_chart")[-1].proto.spec)["data"]
    values = bars["y"]
    shown = np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"]) if isinstance(values, dict) else values
    # the net ends in LogSoftmax: what is drawn last are the logarithms of what the run itself answered
    np.testing.assert_allclose(np.exp(shown), predictions.probabilities[row], atol=1e-5)


def test_a_class_without_training_samples_is_told_in_a_sentence(open_page: OpenPage) -> None:
    content = read_content(DATASETS["digits"])
    training, _, _ = content.split_indices()
    threes = tuple(int(index) for index in training if content.y[index] == 3)
    config = TrainConfig(dataset="digits", left_out=threes)
    app = open_page("inside", workbench=Workbench(PRESETS["digits-convnet"].architecture), config=config)
    (warning,) = app.warning
    told = f"Without the {len(threes)} samples that are left out, nothing is left to train “3”"
    assert warning.value.startswith(told)
