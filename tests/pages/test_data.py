"""The Data page: what is shown of a data set, and that the next run learns from an upload."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.data import DATASETS, own_uploads
from cnnviz.data.augmentation import Augmentation
from cnnviz.data.splitting import SPLIT_KINDS
from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import Cluster
from cnnviz.training.config import TrainConfig
from cnnviz.ui.data.zip_upload import SAMPLE_FORMS
from cnnviz.ui.workbench import Workbench
from tests.data.upload_files import word_recordings as recordings
from tests.data.upload_files import zip_bytes
from tests.pages.conftest import wait_for
from tests.pages.test_train import config_widget, press_train

OpenPage = Callable[..., AppTest]
DIGITS = PRESETS["digits-convnet"].architecture
SHORT = TrainConfig(dataset="digits", epochs=2, normalization="none")
BUILT_IN = [dataset.title for dataset in DATASETS.values()]


@pytest.fixture
def app(open_page: OpenPage) -> AppTest:
    return open_page("data", workbench=Workbench(DIGITS), config=SHORT)


def look(app: AppTest, view: str) -> AppTest:
    app.segmented_control("look").select(view).run()
    assert not app.exception
    return app


def noise(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """200 samples of noise, 1 × 8 × 8, in ten classes."""
    return random.normal(size=(200, 8, 8)), np.arange(200) % 10


def upload(app: AppTest, feats: np.ndarray, labels: np.ndarray, generation: int = 0) -> None:
    look(app, "Bring your own")
    for name, array in (("feats", feats), ("labels", labels)):
        file = io.BytesIO()
        np.save(file, array)
        app.file_uploader(f"{name}-{generation}").upload(f"{name}.npy", file.getvalue(), "application/octet-stream")
    app.button("use-files").click().run()
    assert not app.exception


def text(app: AppTest) -> str:
    return "\n".join(each.value for each in (*app.markdown, *app.caption, *app.warning, *app.success))


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_is_shown_in_every_view(app: AppTest, name: str) -> None:
    dataset = DATASETS[name]
    app.selectbox("data-set").select(name).run()
    assert not app.exception
    assert str(len(dataset.classes)) in text(app)
    assert len([button for button in app.button if str(button.key).startswith("look-")]) == 12
    for view in ("Classes", "Values", "Augmentation", "Record yourself"):
        look(app, view)
    assert not app.warning


@pytest.mark.parametrize("split_kind", ["random", "speaker"])
def test_the_split_is_described_with_its_question_and_its_speakers(app: AppTest, split_kind: str) -> None:
    app.selectbox("data-set").select("words").run()
    app.segmented_control("split-kind-words").select(split_kind).run()
    page_text = text(app)
    assert "**3,080** for training, **385** for validation, **385** for test." in page_text
    assert SPLIT_KINDS[split_kind].question in page_text
    assert ("each in one part only" in page_text) == (split_kind == "speaker")
    app.button("train-on-it").click().run()
    assert (app.session_state["config"].dataset, app.session_state["config"].split_kind) == ("words", split_kind)


def test_one_sample_is_looked_at_closely_and_heard(app: AppTest) -> None:
    app.selectbox("data-set").select("words").run()
    app.selectbox("class-words").select("zero").run()
    buttons = [button for button in app.button if str(button.key).startswith("look-")]
    assert {button.label for button in buttons} == {"zero"}
    place = int(str(buttons[3].key).rpartition("-")[2])
    buttons[3].click().run()
    assert not app.exception
    assert f"Sample {place:,}, speaker" in text(app)
    assert "1 \\+ ⌈\\(16000 − 400\\) / 160⌉ = 99" in text(app).replace("\\\\", "\\") or "= 99" in text(app)
    before = {str(button.key) for button in buttons}
    app.button("others").click().run()
    assert {str(button.key) for button in app.button if str(button.key).startswith("look-")} != before


def test_values_before_and_after_are_told_and_the_knobs_are_those_of_the_next_run(app: AppTest) -> None:
    look(app, "Values")
    assert "Values as they are, of 1,437 training samples: from 0 to 1" in text(app)
    assert "as the net gets them" not in text(app)
    config_widget(app.text_input, "floor").set_value("0.25").run()
    config_widget(app.selectbox, "normalization").select("global").run()
    assert not app.exception
    assert "as the net gets them" in text(app)
    assert "mean 0, standard deviation 1." in text(app)
    assert app.session_state["config"] == SHORT.changed(floor=0.25).changed(normalization="global")


def test_augmentation_is_set_here_for_the_next_run(app: AppTest) -> None:
    look(app, "Augmentation")
    assert "Nothing is changed yet" in text(app)
    config_widget(app.text_input, "augmentation-shift").set_value("2").run()
    assert "Nothing is changed yet" not in text(app)
    config_widget(app.checkbox if not app.toggle else app.toggle, "augmentation-flip").set_value(True).run()
    assert app.session_state["config"].augmentation == Augmentation(shift=2, flip=True)
    for key in ("another", "again"):
        app.button(key).click().run()
        assert not app.exception


def test_what_is_brought_is_what_the_next_run_learns_from(app: AppTest, server: Cluster) -> None:
    upload(app, *noise(np.random.default_rng(0)))
    assert not app.error
    name = app.session_state["config"].dataset
    assert name.startswith("upload-")
    assert app.selectbox("data-set").value == name
    app.switch_page("pages/train.py").run()
    run, points = press_train(app, server)
    assert run.config.dataset == name
    config_widget(app.selectbox, "dataset").select("digits").run()
    assert press_train(app, server)[1] != points


def test_one_npz_is_as_good_as_the_pair(app: AppTest) -> None:
    feats, labels = noise(np.random.default_rng(0))
    file = io.BytesIO()
    np.savez(file, feats=feats, labels=labels)
    look(app, "Bring your own")
    app.file_uploader("npz-0").upload("data.npz", file.getvalue(), "application/octet-stream")
    app.button("use-files").click().run()
    assert not app.error
    assert app.session_state["config"].dataset.startswith("upload-")


def test_where_the_channels_are_is_asked_with_a_preview_of_both(app: AppTest) -> None:
    feats = np.random.default_rng(0).random((200, 8, 9, 3))
    upload(app, feats, np.arange(200) % 10)
    assert "Its channels may be the 3 at the end" in app.warning[0].value
    assert [app.button(f"channels-{place}").label for place in ("last", "first")] == [
        "3 channels of 8 × 9",
        "8 channels of 9 × 3",
    ]
    assert app.session_state["config"] == SHORT
    app.button("channels-last").click().run()
    assert not app.exception
    assert not app.warning
    (dataset,) = own_uploads().datasets_of(app.session_state["owner"]).values()
    np.testing.assert_allclose(dataset.load_content().x, np.moveaxis(feats, -1, 1), rtol=1e-6)


def test_a_bad_upload_is_told_and_changes_nothing(app: AppTest) -> None:
    feats, labels = noise(np.random.default_rng(0))
    upload(app, feats, labels[:-1])
    assert "every sample needs one" in app.error[0].value
    assert app.session_state["config"] == SHORT
    assert list(app.selectbox("data-set").options) == BUILT_IN


def test_one_file_alone_is_told(app: AppTest) -> None:
    look(app, "Bring your own")
    app.button("use-files").click().run()
    assert "Choose both files" in app.error[0].value
    app.button("read-zip").click().run()
    assert "Choose a zip first" in app.error[0].value


def test_an_upload_can_be_removed_again(app: AppTest) -> None:
    upload(app, *noise(np.random.default_rng(0)))
    app.button(f"remove-{app.session_state['config'].dataset}").click().run()
    assert not app.exception
    assert list(app.selectbox("data-set").options) == BUILT_IN
    app.switch_page("pages/train.py").run()
    assert not app.exception
    assert app.session_state["config"].dataset == next(iter(DATASETS))


def test_two_uploads_of_one_name_can_be_told_apart(app: AppTest) -> None:
    upload(app, *noise(np.random.default_rng(0)))
    upload(app, *noise(np.random.default_rng(1)), generation=1)
    assert list(app.selectbox("data-set").options) == [*BUILT_IN, "My data", "My data (2)"]
    assert "**My data \\(2\\)**: 200 × 1 × 8 × 8" in text(app)
    assert "“My data \\(2\\)” is ready and chosen for training" in app.toast[-1].value


def test_a_zip_is_read_and_its_data_can_be_split_by_speaker(app: AppTest, server: Cluster) -> None:
    look(app, "Bring your own")
    app.text_input("zip-title-0").set_value("Tones")
    app.file_uploader("zip-0").upload("tones.zip", zip_bytes(recordings()), "application/zip")
    app.button("read-zip").click().run()
    assert not app.exception
    owner = app.session_state["owner"]
    wait_for(lambda: not server.imports.progress_of(owner).active)
    app.run().run()
    assert not app.exception
    assert "24 sounds were read" in text(app)
    (name,) = own_uploads().datasets_of(owner)
    assert app.selectbox("data-set").value == name
    app.segmented_control(f"split-kind-{name}").select("speaker").run()
    assert "Speakers: 2, 1, 1, each in one part only" in text(app)
    app.button("dismiss-import").click().run()
    assert server.imports.progress_of(owner) is None


def test_files_of_another_kind_are_told_which_one_is_taken(app: AppTest, server: Cluster) -> None:
    look(app, "Bring your own")
    app.file_uploader("zip-0").upload("marks.csv", b"1,2", "text/csv").run()
    sentence = "“{}” is not taken here: its name does not end in .{}. Choose a .{} file."
    assert [error.value.replace("\\", "") for error in app.error] == [sentence.format("marks.csv", "zip", "zip")]
    app.button("read-zip").click().run()
    assert server.imports.progress_of(app.session_state["owner"]) is None
    app.file_uploader("zip-0").upload("TONES.ZIP", zip_bytes(recordings()), "").run()
    assert not app.error
    app.file_uploader("feats-0").upload("labels", b"", "")
    app.file_uploader("labels-0").upload("labels.npz", b"", "application/zip")
    app.button("use-files").click().run()
    told = [error.value.replace("\\", "") for error in app.error]
    assert told == [sentence.format("labels", "npy", "npy"), sentence.format("labels.npz", "npy", "npy")]
    assert not own_uploads().datasets_of(app.session_state["owner"])


def test_a_zip_that_cannot_be_used_is_told(app: AppTest, server: Cluster) -> None:
    look(app, "Bring your own")
    app.file_uploader("zip-0").upload("bad.zip", zip_bytes({"a/b.txt": b""}), "application/zip")
    app.button("read-zip").click().run()
    wait_for(lambda: not server.imports.progress_of(app.session_state["owner"]).active)
    app.run().run()
    assert not app.exception
    assert "The archive has no" in text(app)
    assert app.session_state["config"] == SHORT


def test_a_name_that_is_too_long_is_told(app: AppTest, server: Cluster) -> None:
    """The field took no more than 60 characters: a longer name that was pasted was gone, without a word."""
    look(app, "Bring your own")
    app.text_input("zip-title-0").set_value("n" * 61)
    app.file_uploader("zip-0").upload("tones.zip", zip_bytes(recordings()), "application/zip")
    app.button("read-zip").click().run()
    assert [error.value for error in app.error] == ["A name has at most 60 characters; this one has 61. Shorten it."]
    assert app.text_input("zip-title-0").value == "n" * 61
    assert server.imports.progress_of(app.session_state["owner"]) is None


def test_the_form_of_sounds_and_pictures_has_bounds(app: AppTest) -> None:
    look(app, "Bring your own")
    app.segmented_control("kind").select("sounds").run()
    bands = next(each for each in app.text_input if each.key == "sound-form-bands")
    bands.set_value("40").run()
    assert "One sample is 1 × 99 × 40" in text(app)
    next(each for each in app.text_input if each.key == "sound-form-bands").set_value("1").run()
    assert "should be greater than or equal to 2" in text(app)
    assert app.session_state[SAMPLE_FORMS]["sound-form"].features.bands == 40
    app.segmented_control("kind").select("pictures").run()
    assert not app.exception
    next(each for each in app.text_input if each.key == "picture-form-height").set_value("8").run()
    assert app.session_state[SAMPLE_FORMS]["picture-form"].height == 8


def test_a_set_of_too_few_speakers_says_so(app: AppTest, server: Cluster) -> None:
    look(app, "Bring your own")
    app.file_uploader("zip-0").upload("two.zip", zip_bytes(recordings(speakers=2)), "application/zip")
    app.button("read-zip").click().run()
    owner = app.session_state["owner"]
    wait_for(lambda: not server.imports.progress_of(owner).active)
    app.run().run()
    (name,) = own_uploads().datasets_of(owner)
    look(app, "Classes")
    app.segmented_control(f"split-kind-{name}").select("speaker").run()
    assert not app.exception
    assert "The file names show only 2 speakers" in text(app)
    assert "Choose another split above" in text(app)
