"""Files of a run, as the process beside the server makes them."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator

from cnnviz.architecture import Architecture, build_model
from cnnviz.data import DATASETS
from cnnviz.data.scaling import NORMALIZATIONS, fit_scale
from cnnviz.errors import DesignError
from cnnviz.layers import Flatten
from cnnviz.takehome.archive_facts import ArchiveFacts
from cnnviz.takehome.files import FILE_WRITERS, FileInputs
from cnnviz.takehome.files import write_zip as all_of_it
from cnnviz.takehome.pack import FILE_DESCRIPTIONS
from cnnviz.takehome.request import ALL_FILES, EVENTS_FILE
from cnnviz.takehome.tensorboard import to_events
from cnnviz.takehome.writer import write_file
from cnnviz.training.config import TrainConfig
from tests.takehome.run_archives import failed_archive, trained_archive


@cache
def all_files() -> Mapping[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(write_file(ALL_FILES, trained_archive()))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_zip_holds_every_form_and_tells_what_each_is() -> None:
    files = all_files()
    assert set(files) == {*FILE_DESCRIPTIONS, "README.txt"}
    readme = files["README.txt"].decode()
    assert all(name in readme for name in FILE_DESCRIPTIONS)
    assert "is missing" not in readme


def test_the_trained_net_as_onnx_gives_the_scores_of_torch() -> None:
    import onnxruntime  # noqa: PLC0415 (last of all, see tests/conftest.py)

    run_archive = trained_archive()
    assert run_archive.weights
    model = build_model(run_archive.architecture).eval()
    model.load_state_dict(load(run_archive.weights))
    x = DATASETS["digits"].load_content().x[:32]
    with torch.no_grad():
        expected = model(torch.from_numpy(x)).numpy()
    session = onnxruntime.InferenceSession(all_files()["model.onnx"], providers=["CPUExecutionProvider"])
    (scores,) = session.run(None, {"x": x})
    np.testing.assert_allclose(scores, expected, atol=1e-4)


def test_an_onnx_file_tells_how_to_scale_samples_or_does_it_itself() -> None:
    """Without a word about scaling, raw features scored 0.699 where scaled ones had 0.935."""
    import onnxruntime  # noqa: PLC0415 (last of all, see tests/conftest.py)

    run_archive = trained_archive()
    test = DATASETS["digits"].load_splits().test
    sessions = {
        name: onnxruntime.InferenceSession(all_files()[name], providers=["CPUExecutionProvider"])
        for name in ("model.onnx", "model-with-scaling.onnx")
    }
    facts = {name: session.get_modelmeta().custom_metadata_map for name, session in sessions.items()}
    metadata = {name: json.loads(text) for name, text in facts["model.onnx"].items()}
    assert metadata["classes"] == list(DATASETS["digits"].classes)
    assert metadata["axes"] == list(run_archive.axes)
    assert metadata["floor"] is None
    scaled = ((test.x - np.array(metadata["mean"])) / np.array(metadata["std"])).astype(np.float32)
    assert run_archive.predictions
    expected = np.log(run_archive.predictions.probabilities)
    for name, x in (("model.onnx", scaled), ("model-with-scaling.onnx", test.x)):
        np.testing.assert_allclose(sessions[name].run(None, {"x": x})[0], expected, atol=1e-4)
        assert facts[name].keys() == metadata.keys()
    assert [json.loads(facts[name]["input"])[:6] for name in sessions] == ["scaled", "as in "]


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("floor", [None, 0.25])
def test_the_scaling_in_the_graph_is_that_of_the_training(normalization: str, floor: float | None) -> None:
    import onnxruntime  # noqa: PLC0415

    x = np.random.default_rng(0).normal(3, 2, size=(40, 3, 5, 4)).astype(np.float32)
    scale = fit_scale(x, floor, normalization)
    net = Architecture(input_shape=(3, 5, 4), layers=[Flatten()])
    archive = replace(
        trained_archive(),
        architecture=net,
        config=TrainConfig(floor=floor, normalization=normalization),
        weights=save({}),
        facts=ArchiveFacts.model_validate({"scale": scale.to_dict()}),
    )
    file = FILE_WRITERS["model-with-scaling.onnx"](FileInputs(archive, 0.9))
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, {"x": x})[0], scale.apply(x).reshape(40, -1), rtol=1e-5, atol=1e-6)


def test_the_event_file_has_every_point_at_its_step(tmp_path: Path) -> None:
    (tmp_path / Path(EVENTS_FILE).name).write_bytes(to_events(trained_archive()))
    read = EventAccumulator(str(tmp_path), size_guidance={SCALARS: 0})
    read.Reload()
    points: dict[str, list[tuple[int, float]]] = {}
    for step, _, split, metric, value in trained_archive().points:
        points.setdefault(f"{metric}/{split}".replace(" ", "_"), []).append((step, float(np.float32(value))))
    assert set(read.Tags()["scalars"]) == set(points)
    for tag, line in points.items():
        assert [(event.step, event.value) for event in read.Scalars(tag)] == line


def test_what_a_run_without_weights_cannot_be_is_told() -> None:
    with pytest.raises(DesignError, match="This run has no weights"):
        FILE_WRITERS["model.onnx"](FileInputs(failed_archive(status="stopped"), 0.9))
    with zipfile.ZipFile(io.BytesIO(all_of_it(FileInputs(failed_archive(status="stopped"), 0.9)))) as archive:
        readme = archive.read("README.txt").decode()
    assert "model.onnx" in readme
    assert "is missing: This run has no weights" in readme


def test_the_server_never_loads_what_draws_and_writes() -> None:
    code = (
        "import sys; import cnnviz.ui.server; loaded = {'vl_convert', 'onnx', 'tensorboardX', 'mlflow', 'nbformat'};"
        "print(sorted(loaded & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
