import csv
import io
import json
import zipfile

import numpy as np
import pytest
from safetensors.numpy import load

from cnnviz.architecture import Architecture
from cnnviz.takehome.pack import FILE_DESCRIPTIONS, pack
from cnnviz.training.config import TrainConfig
from tests.takehome.run_archives import failed_archive, trained_archive


@pytest.fixture(scope="module")
def members() -> dict[str, bytes]:
    with zipfile.ZipFile(
        io.BytesIO(pack(trained_archive(), {"more.txt": b"more"}, {"model.onnx": "No time."}))
    ) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_every_file_can_be_read_by_the_library_that_it_is_for(members: dict[str, bytes]) -> None:
    run_archive = trained_archive()
    assert Architecture.from_json(members["design.json"]) == run_archive.architecture
    assert TrainConfig.model_validate_json(members["config.json"]) == run_archive.config
    lines = list(csv.reader(io.StringIO(members["points.csv"].decode())))[1:]
    assert [(int(s), int(e), split, metric, float(v)) for s, e, split, metric, v in lines] == list(run_archive.points)
    assert [tuple(point.values()) for point in json.loads(members["points.json"])] == list(run_archive.points)
    assert members["weights.safetensors"] == run_archive.weights
    predictions = load(members["predictions.safetensors"])
    assert np.array_equal(predictions["probabilities"], run_archive.predictions.probabilities)
    assert np.array_equal(predictions["y"], run_archive.predictions.y)
    assert json.loads(members["run.json"])["title"] == run_archive.title
    assert members["more.txt"] == b"more"


def test_the_readme_says_what_each_file_is_and_why_one_is_missing(members: dict[str, bytes]) -> None:
    lines = members["README.txt"].decode().splitlines()
    for name in members.keys() - {"README.txt"}:
        (line,) = [line for line in lines if line.startswith(f"{name} ") or line == name]
        assert line.endswith(FILE_DESCRIPTIONS.get(name, name))
    assert any(line.startswith("model.onnx ") and line.endswith("is missing: No time.") for line in lines)


def test_the_same_run_gives_the_same_bytes() -> None:
    assert pack(trained_archive(), {"b": b"1", "a": b"2"}) == pack(trained_archive(), {"a": b"2", "b": b"1"})


def test_no_other_file_takes_the_place_of_the_runs_own() -> None:
    with zipfile.ZipFile(io.BytesIO(pack(failed_archive(), {"design.json": b"{}"}))) as archive:
        assert Architecture.from_json(archive.read("design.json")) == failed_archive().architecture


def test_texts_longer_than_are_read_back_are_cut() -> None:
    with zipfile.ZipFile(io.BytesIO(pack(failed_archive(title="x" * 999, message="y" * 9999), {}))) as archive:
        manifest = json.loads(archive.read("run.json"))
    assert (manifest["title"], manifest["message"]) == ("x" * 200, "y" * 4000)
