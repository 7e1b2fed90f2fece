"""Why this answer, and what if: on the Inside page, for designs of every kind."""

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec
from streamlit.testing.v1 import AppTest

from cnnviz.architecture import Architecture
from cnnviz.data import DATASETS
from cnnviz.data.drawing import SIDE, digit_sample
from cnnviz.data.spoken_words import read_sounds
from cnnviz.data.wav import encode_wav
from cnnviz.inside.relevance import METHODS, SanityCheck
from cnnviz.inside.subject import build_untrained
from cnnviz.layers import AdaptiveAvgPool2d, BatchNorm1d, Conv2d, Flatten, Linear, ReLU
from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import Cluster
from cnnviz.runs.run import Run, Status
from cnnviz.secret_key import new_owner
from cnnviz.training.config import TrainConfig
from cnnviz.ui.data.content import cached_scale, read_content
from cnnviz.ui.inside.own_sample import YOUR_PICTURE, YOUR_RECORDING
from cnnviz.ui.inside.subject_choice import YOURS
from cnnviz.ui.inside.why import RANDOM_LABEL, check_sentence
from cnnviz.ui.state import ANSWER_VIEW
from cnnviz.ui.workbench import Workbench
from tests.designs import NET
from tests.pages.conftest import wait_for

OpenPage = Callable[..., AppTest]
DESIGNS = {
    "one axis": PRESETS["raw-1d"].architecture,
    "bands": PRESETS["bands-1d"].architecture,
    "residual": PRESETS["keywords-residual"].architecture,
    "three axes": PRESETS["voxels-3d"].architecture,
    "digits": PRESETS["digits-convnet"].architecture,
    "flat": Architecture(input_shape=(17,), layers=[Linear(out_features=3)]),
    "maps at its end": Architecture(input_shape=(3, 9, 7), layers=[Conv2d(out_channels=4, kernel_size=3)]),
    "one position": Architecture(
        input_shape=(1, 1, 1), layers=[Flatten(), Linear(out_features=2), ReLU(), Linear(out_features=2)]
    ),
    "batch statistics": Architecture(
        input_shape=(1, 8, 8),
        layers=[AdaptiveAvgPool2d(output_size=1), Flatten(), BatchNorm1d(track_running_stats=False)],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def anna() -> str:
    return new_owner()


@pytest.fixture(scope="module")
def ended(server: Cluster, anna: str) -> tuple[Run, Run]:
    """Two runs of the digits, trained to their ends."""
    convnet = PRESETS["digits-convnet"].architecture
    runs = [
        server.submit(anna, design, TrainConfig(dataset="digits", epochs=3, learning_rate=3e-3))
        for design in (convnet, NET)
    ]
    for run in runs:
        wait_for(lambda run=run: server.run(anna, run.id).status == Status.DONE)
    return runs[0], runs[1]


def open_view(open_page: OpenPage, view: str, **state: object) -> AppTest:
    app = open_page("inside", **state)
    app.session_state["inside-view"] = view
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    return "\n".join([*(one.value for one in app.markdown), *(one.value for one in app.caption)])


def choose_own(app: AppTest) -> None:
    part = next(control for control in app.get("button_group") if control.key.startswith("inside-part"))
    part.set_value(YOURS).run()
    assert not app.exception


@pytest.mark.parametrize("view", ["Why this answer", "What if", ANSWER_VIEW])
@pytest.mark.parametrize("name", DESIGNS)
def test_every_design_is_explained_and_edited_without_a_traceback(open_page: OpenPage, name: str, view: str) -> None:
    app = open_view(open_page, view, workbench=Workbench(DESIGNS[name]))
    warnings = [warning.value for warning in app.warning]
    assert bool(warnings) == (name == "batch statistics"), warnings
    if view == "Why this answer" and not warnings:
        for method in METHODS:
            app.session_state["why-method"] = method
            app.session_state["why-random"] = True
            app.run()
            assert not app.exception
            assert not app.warning


def test_the_sound_that_decided_and_the_rest_play_and_are_asked_about(open_page: OpenPage) -> None:
    app = open_view(open_page, "Why this answer", workbench=Workbench(PRESETS["lab-convnet"].architecture))
    assert len(app.get("audio")) == 3
    sentence = next(one.value for one in app.markdown if "with only this" in one.value)
    whole = re.search(r"has ([\d.]+)% with the whole sound", sentence)
    shown = re.search(
        r", ([\d.]+)%", app.selectbox(key=next(b.key for b in app.selectbox if b.label == "Why")).options[0]
    )
    assert whole
    assert shown
    assert float(whole[1]) == pytest.approx(float(shown[1]), abs=0.11)  # the recording makes the very sample


def test_random_weights_come_with_their_number(open_page: OpenPage, ended: tuple[Run, Run], anna: str) -> None:
    app = open_view(open_page, "Why this answer", owner=anna)
    app.selectbox(key="inside-net").set_value(ended[0].id).run()
    assert "Rank correlation" not in texts(app)
    next(toggle for toggle in app.toggle if toggle.label == RANDOM_LABEL).set_value(True).run()
    assert not app.exception
    assert "Rank correlation with random weights" in texts(app)
    assert "untrained" not in texts(app).split("Rank correlation")[1]


@pytest.mark.parametrize(
    ("correlation", "trained", "claim"),
    [
        (0.9, True, "explains nothing"),
        (0.1, True, "depends on what the net has learned"),
        (0.5, True, "partly the same"),
        (0.1, False, "itself untrained"),
        (None, True, "cannot be compared"),
    ],
)
def test_what_the_sanity_check_says_follows_its_number(correlation, trained, claim) -> None:
    check = SanityCheck(correlation, 3, None)
    assert claim in check_sentence(check, is_trained=trained)


def test_two_runs_answer_for_the_same_edited_sample(open_page: OpenPage, ended: tuple[Run, Run], anna: str) -> None:
    app = open_view(open_page, "What if", owner=anna)
    app.selectbox(key="inside-net").set_value(ended[0].id).run()
    other = next(box for box in app.selectbox if box.label == "Compare with")
    other.set_value(ended[1].id).run()
    assert not app.exception
    assert texts(app).count("stays the answer") == 2
    erase = next(control for control in app.get("button_group") if control.key.endswith("-erase"))
    erase.set_value("outside").run()
    assert not app.exception
    for slider in app.slider:
        if slider.label.startswith("Range"):
            slider.set_value((0, 0))
    app.run()
    assert not app.exception
    assert len(re.findall(r"goes from", texts(app))) == 2
    assert np.isfinite([float(x) for x in re.findall(r"to \*\*([\d.]+)%", texts(app))]).all()


def test_a_drawing_is_answered_and_the_weights_stay_the_same(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = np.zeros((SIDE, SIDE), bool)
    sent[20:100, 60:70] = True
    monkeypatch.setattr("cnnviz.ui.inside.own_picture.drawing_area", lambda *, key: np.packbits(sent).tobytes().hex())
    architecture = PRESETS["digits-convnet"].architecture
    app = open_view(open_page, ANSWER_VIEW, workbench=Workbench(architecture))
    assert any("Its label is" in one.value or one.value == "That is its label." for one in app.markdown)
    choose_own(app)
    config, content = TrainConfig(dataset="digits"), read_content(DATASETS["digits"])
    scale = cached_scale(content, "random", config.floor, config.normalization)[0]
    scaled = torch.from_numpy(np.asarray(scale.apply(digit_sample(sent)[None]), np.float32))
    with torch.no_grad():
        scores = build_untrained(architecture, config.seed).eval()(scaled)
    best = scores.flatten().argmax()
    assert any(f"The net sees “{best}”" in one.value for one in app.subheader), [one.value for one in app.subheader]
    assert "the same before and after" in texts(app)
    for view in ("All maps", "One map", "What if", "Why this answer"):
        app.session_state["inside-view"] = view
        app.run()
        assert not app.exception
        assert not app.warning
    assert f"Sample: **{YOUR_PICTURE}**" in texts(app)


def test_a_recording_is_followed_and_looked_into_and_nothing_is_left_of_it_when_another_sample_is_chosen(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = np.concatenate([read_sounds("yes")[0], np.zeros(8_000, np.int16), read_sounds("no")[0]])
    file = UploadedFile(
        UploadedFileRec("recorded", "recording.wav", "audio/wav", encode_wav(words, 16_000)), FileURLs()
    )
    monkeypatch.setattr("cnnviz.ui.inside.own_sample.st.audio_input", lambda *_args, **_options: file)
    app = open_view(open_page, ANSWER_VIEW, workbench=Workbench(PRESETS["lab-convnet"].architecture))
    choose_own(app)
    assert any(re.match("The net hears “.+”", one.value) for one in app.subheader)
    assert any(one.value.startswith("Heard: ") for one in app.markdown)
    assert app.slider(key=next(one.key for one in app.slider if one.key.startswith("own-moment"))).max == 2.5
    app.session_state["inside-view"] = "Why this answer"
    app.run()
    assert not app.exception
    assert f"Sample: **{YOUR_RECORDING}**" in texts(app)
    assert "with only this" in texts(app)
    assert app.session_state["own-results"]
    part = next(control for control in app.get("button_group") if control.key.startswith("inside-part"))
    part.set_value("test").run()
    assert not app.session_state["own-results"]
    assert YOUR_RECORDING not in texts(app)
