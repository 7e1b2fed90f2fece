import csv
import json
import runpy
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from cnnviz import __version__
from cnnviz.architecture import Architecture, build_model
from cnnviz.cli.config import MAX_CONFIG_BYTES, load_arrays
from cnnviz.cli.stopping import StopSignal
from cnnviz.cli.training import OUTPUT_FILES
from cnnviz.data import DATASETS
from cnnviz.data.augmentation import Augmentation
from cnnviz.data.splits import Splits, take_splits
from cnnviz.layers import Flatten, Linear
from cnnviz.training import setup
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Point
from cnnviz.training.trainer import train
from cnnviz.training.training import TrainingResult
from tests.cli.conftest import NET, RunCommand
from tests.points import best_epoch, without_device_points

Refused = Callable[..., str]
DIGITS = ("train", "design.json", "--dataset", "digits", "--out", "run", "--quiet")
CPU = torch.device("cpu")


def train_directly(config: TrainConfig, splits: Splits) -> tuple[TrainingResult, list[Point]]:
    """The same training by the trainer itself."""
    points: list[Point] = []
    result = train(NET, config, splits, device=CPU, emit=points.extend, should_stop=lambda: False)
    return result, without_device_points(points)


def written_points(run: str = "run") -> list[Point]:
    with Path(run, "points.csv").open(encoding="ascii", newline="") as file:
        return without_device_points(
            Point(int(row["step"]), int(row["epoch"]), row["split"], row["metric"], float(row["value"]))
            for row in csv.DictReader(file)
        )


def feats(folder: Path, shape: tuple[int, ...] = (8, 8)) -> tuple[str, str]:
    """A pair of files as in the lab, of noise with a brighter row for each of three classes."""
    generator = np.random.default_rng(0)
    y = np.arange(90) % 3
    x = generator.standard_normal((90, *shape)).astype(np.float32)
    x[np.arange(90), y] += 2
    np.save(folder / "feats.npy", x)
    np.save(folder / "labels.npy", np.array(["no", "off", "yes"])[y])
    return "feats.npy", "labels.npy"


def test_it_is_the_training_of_the_app_bit_for_bit(cnnviz: RunCommand) -> None:
    content = DATASETS["digits"].load_content()
    training, validation, test = content.split_indices()
    left_out = sorted(map(int, training[10:13]))
    settings = ("--set", "epochs=3", "--set", "learning_rate=0.1", "--set", f"left_out={left_out}")
    command_result = cnnviz(*DIGITS, *settings)
    assert (command_result.exit_code, command_result.stderr) == (0, "")
    config = TrainConfig(dataset="digits", epochs=3, learning_rate=0.1, left_out=tuple(left_out))
    rows = (np.delete(training, range(10, 13)), validation, test)
    splits = replace(take_splits(content.x, content.y, rows), axes=DATASETS["digits"].axes)
    result, points = train_directly(config, splits)
    assert written_points() == points
    weights = load_file("run/weights.safetensors")
    assert weights.keys() == result.weights.keys()
    assert all(torch.equal(weights[name], value) for name, value in result.weights.items())
    facts = json.loads(command_result.stdout)
    assert facts == json.loads(Path("run/result.json").read_text(encoding="utf-8"))
    for part in ("train", "validation", "test"):
        assert facts[part] == {p.metric: p.value for p in points if (p.split, p.epoch) == (part, result.best_epoch)}
    assert (facts["best_epoch"], facts["epochs"], facts["stopped"]) == (best_epoch(points)[0], 3, False)
    assert facts["samples"] == [1434, 180, 180]
    assert facts["scale"] == result.scale.to_dict()
    assert (facts["cnnviz"], facts["torch"], facts["device"]) == (__version__, torch.__version__, "cpu")
    assert TrainConfig.model_validate_json(json.dumps(facts["config"])) == config
    assert facts["seconds"] > 0


def test_the_folder_holds_what_is_needed_to_do_it_again_and_to_use_the_net(cnnviz: RunCommand, folder: Path) -> None:
    cnnviz(*DIGITS, "--set", "epochs=1")
    run = folder / "run"
    assert {file.name for file in run.iterdir()} == set(OUTPUT_FILES)
    assert Architecture.from_json((run / "design.json").read_text(encoding="utf-8")) == NET
    config = TrainConfig.model_validate_json((run / "config.json").read_text(encoding="utf-8"))
    assert config == TrainConfig(dataset="digits", epochs=1)
    model = runpy.run_path(str(run / "model.py"))["ConvNet"]()
    weights = load_file(run / "weights.safetensors")
    model.load_state_dict(weights)
    ours = build_model(NET)
    ours.load_state_dict(weights)
    x = torch.randn(4, 1, 8, 8)
    assert torch.equal(model.eval()(x), ours.eval()(x))
    cnnviz("train", "run/design.json", "--config", "run/config.json", "--out", "again", "--quiet")
    assert written_points("again") == written_points()
    for name in ("weights.safetensors", "config.json", "design.json"):
        assert (folder / "again" / name).read_bytes() == (run / name).read_bytes()


def test_two_files_train_as_an_upload_of_them(cnnviz: RunCommand, folder: Path) -> None:
    files = feats(folder)
    result = cnnviz("train", "design.json", "--data", *files, "--set", "epochs=2", "--out", "run", "--quiet")
    facts = json.loads(result.stdout)
    assert facts["classes"] == ["no", "off", "yes"]
    assert facts["config"]["dataset"] == "files"
    data = load_arrays(folder / files[0], folder / files[1], 2**20)
    assert (data.title, data.shape, data.size, data.split_kinds) == ("feats.npy", (1, 8, 8), 90, ("random",))
    _, points = train_directly(TrainConfig(dataset="files", epochs=2), data.load_splits())
    assert written_points() == points


def test_a_file_of_settings_is_used_and_single_ones_are_set_over_it(cnnviz: RunCommand, folder: Path) -> None:
    given = TrainConfig(dataset="digits", epochs=9, optimizer="Adam", learning_rate=0.003)
    (folder / "config.json").write_text(given.model_dump_json(), encoding="utf-8")
    changes = ("epochs=1", "momentum=0", "loss=NLLLoss", "nesterov=true", "floor=-1e2", "augmentation.noise=0.1")
    sets = [part for change in changes for part in ("--set", change)]
    result = cnnviz("train", "design.json", "--config", "config.json", *sets, "--out", "run", "--quiet")
    assert result.exit_code == 0
    expected_config = TrainConfig(
        dataset="digits",
        epochs=1,
        optimizer="Adam",
        learning_rate=0.003,
        momentum=0,
        loss="NLLLoss",
        nesterov=True,
        floor=-100,
        augmentation=Augmentation(noise=0.1),
    )
    assert json.loads(result.stdout)["config"] == expected_config.model_dump(mode="json")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("epochs=0", "epochs: should be greater than or equal to 1 (received 0)."),
        ("epochs=many", "epochs: should be a whole number (received 'many')."),
        ("epochs=", "epochs: should be a whole number (received '')."),
        ("learning_rate=NaN", "learning_rate: should be less than or equal to 10 (received nan)."),
        ("optimizer=Magic", "optimizer: must be one of SGD, Adam, AdamW, RMSprop (received 'Magic')."),
        ("magic=1", "There is no setting “magic”; choose one of dataset, split, left_out, floor, "),
        ("augmentation.magic=1", "There is no setting “augmentation.magic”; choose one of "),
        ("augmentation.noise=6", "noise: should be less than or equal to 5 (received 6)."),
        ("augmentation=1", "There is no setting “augmentation”; choose one of "),
        ("seed=" + "9" * 5000, "seed: should be a whole number"),
        ("seed=" + "[" * 5000, "seed: should be a whole number"),
        ("split=speaker", "“Handwritten digits” does not support the split “speaker”; choose one of random."),
        ("batch_size=1", "Layer 3, BatchNorm1d, takes mean and variance over the batch"),
    ],
)
def test_a_wrong_setting_is_refused_before_anything_is_written(
    refused: Refused, folder: Path, change: str, reason: str
) -> None:
    message = refused(*DIGITS, "--set", change)
    assert message.startswith(reason)
    assert message.endswith(".")
    assert not (folder / "run").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", ": Invalid JSON: EOF while parsing a value at line 1 column 0."),
        ("[]", ": should be an object (received nothing)."),
        ('{"epochs": "3"}', ", epochs: should be a whole number (received '3')."),
        ('{"magic": 1}', ": There is no setting “magic”; choose one of dataset, "),
        ('{"augmentation": {"noise": 9}}', ", augmentation, noise: should be less than or equal to 5 (received 9)."),
        ('{"dataset": "../digits"}', ", dataset: should match pattern"),
        ("\x00", ": Invalid JSON: expected value at line 1 column 1."),
    ],
)
def test_a_wrong_file_of_settings_is_refused(refused: Refused, folder: Path, content: str, reason: str) -> None:
    (folder / "config.json").write_text(content, encoding="utf-8")
    message = refused(*DIGITS, "--config", "config.json")
    assert message.startswith(f"config.json{reason}")
    assert message.endswith(".")


def test_files_that_are_missing_or_huge_are_refused(refused: Refused, folder: Path) -> None:
    assert refused(*DIGITS, "--config", "no.json") == "no.json: No such file or directory."
    with (folder / "huge").open("wb") as file:
        file.truncate(2**40)  # a hole: it takes no room on the disk
    assert refused(*DIGITS, "--config", "huge") == (
        f"huge is larger than {MAX_CONFIG_BYTES:,} bytes, the limit for such a file."
    )
    _, labels = feats(folder)
    command = ("train", "design.json", "--out", "run", "--data")
    assert refused(*command, "huge", labels).startswith("huge is larger than 629,211,136 bytes")
    assert refused(*command, "feats.npy", "huge").startswith("huge is larger than 67,174,400 bytes")
    assert refused(*command, "no.npy", labels) == "no.npy: No such file or directory."
    assert refused("export", "design.json", "--out", "n", "--weights", "huge").startswith("huge is larger than ")


def test_what_the_reader_of_uploads_refuses_is_refused(refused: Refused, folder: Path) -> None:
    files = feats(folder)
    command = ("train", "design.json", "--out", "run", "--data")
    assert refused(*command, *reversed(files)).startswith("feats.npy holds text values; numbers are expected")
    np.save(folder / "objects.npy", np.array([{}] * 90, object), allow_pickle=True)
    assert "holds Python objects, which could run code when loaded" in refused(*command, "objects.npy", files[1])
    assert refused(*command, "design.json", files[1]).startswith("feats.npy is not a .npy file.")
    feats(folder, (9, 9))
    assert refused(*command, *files) == (
        "This design takes samples of 1 × 8 × 8, but “feats.npy” has samples of 1 × 9 × 9."
    )
    assert not (folder / "run").exists()


def test_an_unknown_data_set_is_refused_with_those_there_are(refused: Refused) -> None:
    assert refused("train", "design.json", "--dataset", "magic", "--out", "run") == (
        "There is no data set “magic”; choose one of words, words-bands, words-raw, digits, voxels, or give two .npy"
        " files."
    )


@pytest.mark.parametrize("name", ["magic", "meta", "cuda:999", "", "cpu:x"])
def test_a_device_that_is_not_there_is_refused(refused: Refused, folder: Path, name: str) -> None:
    assert refused(*DIGITS, "--device", name).startswith(f"The device {name} cannot be used here: ")
    assert not (folder / "run").exists()


@pytest.mark.parametrize(
    "more",
    [
        ["--data", "feats.npy", "labels.npy"],
        ["--data", "feats.npy"],
        ["--set", "epochs"],
        ["--threads", "0"],
        ["--threads", "many"],
        ["--magic"],
    ],
)
def test_a_wrong_command_line_has_the_exit_code_2(cnnviz: RunCommand, more: list[str]) -> None:
    result = cnnviz(*DIGITS, *more)
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_result_is_not_written_over_unless_that_is_wanted(cnnviz: RunCommand, refused: Refused, folder: Path) -> None:
    (folder / "run").mkdir()
    (folder / "run/notes.txt").write_text("mine", encoding="utf-8")
    assert cnnviz(*DIGITS, "--set", "epochs=1").exit_code == 0
    before = (folder / "run/result.json").read_bytes()
    assert refused(*DIGITS) == "run already contains the result of a training; choose another folder, or add --force."
    assert (folder / "run/result.json").read_bytes() == before
    result = cnnviz(*DIGITS, "--set", "epochs=2", "--force")
    assert (result.exit_code, json.loads(result.stdout)["epochs"]) == (0, 2)
    assert (folder / "run/notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_divergence_fails_with_its_reason_and_leaves_no_result(
    cnnviz: RunCommand, refused: Refused, folder: Path
) -> None:
    assert cnnviz(*DIGITS, "--set", "epochs=1").exit_code == 0
    layers = [Flatten(), *[Linear(out_features=32)] * 3, Linear(out_features=10)]
    (folder / "design.json").write_text(Architecture(input_shape=(1, 8, 8), layers=layers).to_json(), encoding="utf-8")
    message = refused(*DIGITS, "--force", "--set", "learning_rate=10")
    assert message.endswith(
        "the training diverged. Try a learning rate ten times smaller (1), or gradient clipping at 1."
    )
    assert {file.name for file in (folder / "run").iterdir()} == {
        "design.json",
        "config.json",
        "model.py",
        "points.csv",
    }
    assert written_points()
    assert cnnviz(*DIGITS, "--set", "epochs=1").exit_code == 0  # nothing is in the way of another try


def test_a_folder_that_cannot_be_made_and_a_full_disk_are_told(
    refused: Refused, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "run").write_text("a file", encoding="utf-8")
    assert refused(*DIGITS) == "run: File exists."
    (folder / "run").unlink()

    def disk_full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", disk_full)
    assert refused(*DIGITS) == "run/design.json: No space left on device."


def test_too_little_memory_is_told(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (MemoryError(), torch.OutOfMemoryError(), RuntimeError("can't allocate memory: you tried")):

        def out_of_memory(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(setup, "build_model", out_of_memory)
        assert refused(*DIGITS).startswith("The training needs more memory than this device has free.")


def test_a_training_that_is_stopped_before_its_first_epoch_ended_has_no_weights(
    cnnviz: RunCommand, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = iter([signal.SIGTERM])

    @contextmanager
    def raise_signal_twice(*_: object, **__: object) -> Iterator[Callable[[Sequence[Point]], None]]:
        def raise_signals(_points: Sequence[Point]) -> None:
            for signal_number in once:
                signal.raise_signal(signal_number)

        yield raise_signals

    monkeypatch.setattr("cnnviz.cli.training.show_progress", raise_signal_twice)
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    result = cnnviz(*DIGITS)
    facts = json.loads(result.stdout)
    assert (result.exit_code, facts["stopped"], facts["best_epoch"]) == (143, True, 0)
    assert facts["train"] is facts["validation"] is facts["test"] is None
    assert {file.name for file in (folder / "run").iterdir()} == set(OUTPUT_FILES) - {"weights.safetensors"}
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_the_second_signal_does_what_it_always_does() -> None:
    with StopSignal() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop()
        assert stop.exit_code == 130
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_log_gets_a_line_for_each_epoch_and_quiet_means_none(cnnviz: RunCommand) -> None:
    result = cnnviz(*DIGITS[:-1], "--set", "epochs=2", "--threads", "2")
    loading, *epochs = result.stderr.splitlines()
    assert loading == "Loading “Handwritten digits” …"
    accuracies = [p.value for p in written_points() if (p.split, p.metric) == ("validation", "accuracy")]
    assert [line.split(",")[0] for line in epochs] == ["epoch 1 of 2", "epoch 2 of 2"]
    assert [line.split()[-1] for line in epochs] == [f"{value:.4g}" for value in accuracies]
    assert json.loads(result.stdout)["threads"] == 2
