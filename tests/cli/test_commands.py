import importlib
import json
import signal
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from cnnviz import __version__
from cnnviz.architecture import Architecture, build_model, trace
from cnnviz.architecture.design import MAX_JSON_LENGTH
from cnnviz.layers import Conv2d, Linear, ReLU, Residual, Softplus
from cnnviz.onnx_export import writer
from cnnviz.presets import PRESETS
from cnnviz.settings import settings
from cnnviz.source import STYLES, to_code
from cnnviz.table import to_markdown, totals
from tests.cli.conftest import NET, RunCommand

LAB = PRESETS["lab-convnet"].architecture
REASON = (
    "Layer 1, Conv2d: a window of 30 does not fit a width of 26 with padding 0; use a kernel_size of at most 26."
    " Set kernel_size to 23, the largest that leaves enough for the layers after it."
)

Refused = Callable[..., str]


@pytest.fixture
def misfit(folder: Path) -> Architecture:
    net = LAB.update_layer(0, kernel_size=30)
    (folder / "misfit.json").write_text(net.to_json(), encoding="utf-8")
    return net


def write_file(path: Path, content: str | bytes) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def test_shapes_prints_the_table_of_the_design_page(cnnviz: RunCommand) -> None:
    result = cnnviz("shapes", "design.json")
    assert (result.exit_code, result.stdout, result.stderr) == (0, to_markdown(NET), "")


def test_shapes_as_json_has_what_the_table_has(cnnviz: RunCommand) -> None:
    table = json.loads(cnnviz("shapes", "design.json", "--json").stdout)
    steps = trace(NET)
    assert [layer["kind"] for layer in table["layers"]] == [layer.kind for layer in NET.layers]
    assert [tuple(layer["output_shape"]) for layer in table["layers"]] == [step.output_shape for step in steps]
    assert table["layers"][0]["receptive_field"] == [1, 1]
    assert table["totals"] == vars(totals(steps))
    assert (table["error"], table["mends"]) == (None, [])


def test_shapes_of_a_misfit_end_with_it_and_tell_reason_and_mend(cnnviz: RunCommand, misfit: Architecture) -> None:
    result = cnnviz("shapes", "misfit.json")
    assert (result.exit_code, result.stdout, result.stderr) == (1, to_markdown(misfit), f"Error: {REASON}\n")
    result = cnnviz("shapes", "misfit.json", "--json")
    table = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (1, f"Error: {REASON}\n")
    assert REASON.startswith(table["error"])
    assert table["mends"] == [mend.text for mend in trace(misfit)[-1].mends]


@pytest.mark.parametrize("style", STYLES)
def test_code_is_that_of_the_design_page_on_the_output_or_in_a_file(cnnviz: RunCommand, style: str) -> None:
    assert cnnviz("code", "design.json", "--style", style).stdout == to_code(NET, style)  # type: ignore[arg-type]
    result = cnnviz("code", "design.json", "--style", style, "--out", "net.py")
    assert (result.exit_code, result.output) == (0, "")
    assert Path("net.py").read_text(encoding="utf-8") == to_code(NET, style)  # type: ignore[arg-type]


@pytest.mark.slow
def test_export_writes_the_file_of_the_design_page(cnnviz: RunCommand) -> None:
    result = cnnviz("export", "design.json", "--out", "net.onnx")
    assert (result.exit_code, result.output) == (0, "")
    assert Path("net.onnx").read_bytes() == writer.export_onnx(NET)


def test_export_with_weights_is_the_same_file_with_other_numbers(cnnviz: RunCommand) -> None:
    torch.manual_seed(writer.SEED)
    weights = build_model(NET).state_dict()
    save_file(weights, "weights.safetensors")
    cnnviz("export", "design.json", "--out", "net.onnx", "--weights", "weights.safetensors")
    assert Path("net.onnx").read_bytes() == writer.export_onnx(NET)
    save_file(weights | {"fc1.weight": weights["fc1.weight"] + 1}, "weights.safetensors")
    cnnviz("export", "design.json", "--out", "net.onnx", "--weights", "weights.safetensors")
    assert Path("net.onnx").read_bytes() != writer.export_onnx(NET)


def test_weights_of_another_design_and_what_are_no_weights_are_refused(refused: Refused, folder: Path) -> None:
    def export(file: str) -> str:
        return refused("export", "design.json", "--out", "net.onnx", "--weights", file)

    weights = build_model(NET).state_dict()
    save_file(weights | {"fc1.weight": torch.zeros(3, 64)}, "other.safetensors")
    assert export("other.safetensors") == (
        "other.safetensors does not fit this design: fc1.weight is (3, 64) float32 in the file, but (24, 64)"
        " float32 in the design."
    )
    save_file({name: value for name, value in weights.items() if name != "fc2.bias"}, "less.safetensors")
    assert "fc2.bias is missing in the file" in export("less.safetensors")
    save_file(weights | {"more": torch.zeros(1)}, "more.safetensors")
    assert export("more.safetensors").endswith("more is (1,) float32 in the file, but missing in the design.")
    for content in (b"", b"\x80\x04pickle", b"\xff" * 100, b"\x10\0\0\0\0\0\0\0{}"):
        assert export(write_file(folder / "bad", content)).endswith("bad is no .safetensors file, or is damaged.")
    assert not Path("net.onnx").exists()


def test_a_net_that_onnx_cannot_hold_is_refused_with_and_without_weights(refused: Refused, folder: Path) -> None:
    net = Architecture(input_shape=(3,), layers=[Linear(out_features=2), Softplus(threshold=1)])
    write_file(folder / "net.json", net.to_json())
    save_file(build_model(net).state_dict(), "w")
    for more in ([], ["--weights", "w"]):
        assert refused("export", "net.json", "--out", "n", *more).startswith(
            "Layer 2, Softplus, cannot be written as ONNX: "
        )


@pytest.mark.parametrize("command", [["code"], ["export", "--out", "net.onnx"], ["train", "--out", "run"]])
@pytest.mark.usefixtures("misfit")
def test_every_other_command_refuses_a_misfit_with_the_mend(refused: Refused, command: list[str]) -> None:
    assert refused(*command, "misfit.json") == REASON


DESIGNS: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "Invalid JSON: EOF"),
    "no JSON": ("{", "Invalid JSON"),
    "another JSON": ("[]", "This design cannot be read."),
    "no layer kind": ('{"input_shape": [1], "layers": [{"kind": "Magic"}]}', "there is no layer of this kind"),
    "a wrong field": ('{"input_shape": [1], "story": 1}', "there is no parameter of this name here"),
    "out of bounds": ('{"input_shape": [0], "layers": []}', "should be greater than or equal to 1 (received 0)"),
    "no text": (b"\xff\xfe{}", "is not a text file; expected a JSON file in UTF-8."),
    "many letters": (" " * (MAX_JSON_LENGTH + 1), f"at most {MAX_JSON_LENGTH:,} are read"),
    "many bytes": (
        b" " * (4 * MAX_JSON_LENGTH + 1),
        f"is larger than {4 * MAX_JSON_LENGTH:,} bytes, the limit for such a file.",
    ),
    "deep": ("[" * 100_000, "cannot be read"),
    "too deep blocks": (
        '{"input_shape": [1], "layers": [' + '{"kind": "Residual", "layers": [' * 9 + "]}" * 9 + "]}",
        "Blocks can be nested at most 4 deep",
    ),
    "escapes": ('{"input_shape": [1], "layers": [{"kind": "\\u001b[31m\\nred"}]}', "there is no layer of this kind"),
}


@pytest.mark.parametrize("name", DESIGNS)
def test_what_is_no_design_is_refused_in_a_sentence(refused: Refused, folder: Path, name: str) -> None:
    content, reason = DESIGNS[name]
    message = refused("shapes", write_file(folder / "bad.json", content))
    assert reason in message
    assert message.startswith(str(folder / "bad.json"))
    assert message.endswith(".")
    assert message.isprintable()


def test_a_file_that_is_not_there_and_one_that_is_a_folder_are_refused(refused: Refused) -> None:
    assert refused("shapes", "nothing.json") == "nothing.json: No such file or directory."
    assert refused("shapes", ".") == ".: Is a directory."
    assert refused("shapes", "n" * 300).endswith(": File name too long.")
    assert refused("code", "design.json", "--out", "no/where.py") == "no/where.py: No such file or directory."


def test_a_byte_order_mark_is_no_hindrance(cnnviz: RunCommand, folder: Path) -> None:
    write_file(folder / "marked.json", b"\xef\xbb\xbf" + NET.to_json().encode())
    assert cnnviz("shapes", "marked.json").stdout == to_markdown(NET)


def test_a_file_is_whole_has_the_usual_mode_and_leaves_no_draft(
    cnnviz: RunCommand, refused: Refused, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_file(folder / "net.py", "old")

    def disk_full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as context:
        context.setattr("os.fsync", disk_full)
        assert refused("code", "design.json", "--out", "net.py") == "net.py: No space left on device."
    assert (folder / "net.py").read_text(encoding="utf-8") == "old"
    cnnviz("code", "design.json", "--out", "net.py")
    assert {file.name for file in folder.iterdir()} == {"design.json", "net.py"}
    usual = stat.S_IMODE((folder / "design.json").stat().st_mode)
    assert stat.S_IMODE((folder / "net.py").stat().st_mode) == usual


@pytest.mark.parametrize("arguments", [["magic"], ["shapes"], ["code", "x", "--style", "poem"], ["export", "x"]])
def test_a_wrong_command_line_has_the_exit_code_2(cnnviz: RunCommand, arguments: list[str]) -> None:
    assert cnnviz(*arguments).exit_code == 2


def test_a_wrong_setting_of_the_environment_is_told(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNVIZ_THREADS", "none")
    settings.cache_clear()
    try:
        assert refused("train", "design.json", "--dataset", "digits", "--out", "run").startswith(
            "The environment variable CNNVIZ_THREADS: should be a whole number (received 'none')"
        )
    finally:
        settings.cache_clear()


def test_the_version_is_that_of_cnnviz(cnnviz: RunCommand) -> None:
    assert cnnviz("--version").stdout == f"cnnviz, version {__version__}\n"


def test_ctrl_c_has_the_exit_code_130_everywhere(monkeypatch: pytest.MonkeyPatch, cnnviz: RunCommand) -> None:
    monkeypatch.setattr("cnnviz.cli.designs.read_design", lambda path: signal.raise_signal(signal.SIGINT))
    result = cnnviz("shapes", "design.json")
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "Interrupted.\n")


def test_a_bug_surfaces(monkeypatch: pytest.MonkeyPatch, cnnviz: RunCommand) -> None:
    def bug(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("cnnviz.cli.designs.read_design", bug)
    with pytest.raises(ZeroDivisionError):
        cnnviz("shapes", "design.json")


def test_the_installed_command_is_the_same_group(monkeypatch: pytest.MonkeyPatch) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, name = project["scripts"]["cnnviz"].partition(":")
    assert (module, name) == ("cnnviz.__main__", "main")  # so that `python -m cnnviz` is the same
    started: list[bool] = []
    monkeypatch.setattr("cnnviz.cli.main", lambda: started.append(True))
    getattr(importlib.import_module(module), name)()
    assert started


def test_a_layer_inside_a_block_is_told_with_its_number(refused: Refused, folder: Path) -> None:
    block = Residual(layers=[ReLU(), Conv2d(out_channels=2, kernel_size=9)])
    write_file(folder / "net.json", Architecture(input_shape=(1, 4, 4), layers=[ReLU(), block]).to_json())
    assert refused("code", "net.json").startswith("Layer 2.a2, Conv2d: a window of 9")
