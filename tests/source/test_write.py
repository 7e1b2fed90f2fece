import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from torch import nn

from cnnviz.architecture import Architecture, build_model, output_shape, trace
from cnnviz.errors import ShapeError
from cnnviz.layers import Conv2d, ConvTranspose1d, ConvTranspose2d, Flatten, LayerNorm, Linear, ReLU, Residual
from cnnviz.presets import PRESETS
from cnnviz.source import STYLES, Style, to_code
from tests.source.designs import NESTED, buildable_nets, designs

EVERY_STYLE = pytest.mark.parametrize("style", STYLES)


def written_net(architecture: Architecture, style: Style) -> nn.Module:
    """Returns the net that the generated code makes."""
    scope: dict[str, object] = {"__name__": "net"}
    exec(to_code(architecture, style), scope)  # noqa: S102 (our own text)
    net = scope["model"] if style == "sequential" else scope["ConvNet"]()  # type: ignore[operator]
    assert isinstance(net, nn.Module)
    return net


def with_the_same_weights(architecture: Architecture, style: Style) -> tuple[nn.Module, nn.Module]:
    ours = build_model(architecture).eval()
    with torch.device("meta"):  # no time for weights that are not used
        written = written_net(architecture, style).eval()
    names, values = list(written.state_dict()), list(ours.state_dict().values())
    written.load_state_dict(dict(zip(names, values, strict=True)), assign=True)
    return ours, written


@EVERY_STYLE
@pytest.mark.parametrize("architecture", [*(preset.architecture for preset in PRESETS.values()), NESTED])
def test_code_computes_what_build_computes_under_the_same_weights(architecture: Architecture, style: Style) -> None:
    ours, written = with_the_same_weights(architecture, style)
    x = torch.randn(2, *architecture.input_shape)
    assert torch.equal(ours(x), written(x))


@EVERY_STYLE
@settings(max_examples=60, deadline=None)
@given(architecture=designs)
def test_code_of_every_stack_that_fits_gives_its_parameters_its_shape_and_its_outputs(
    architecture: Architecture, style: Style
) -> None:
    ours, written = with_the_same_weights(architecture, style)
    assert sum(p.numel() for p in written.parameters()) == sum(step.parameters for step in trace(architecture))
    x = torch.randn(2, *architecture.input_shape)
    out = written(x)
    assert tuple(out.shape[1:]) == output_shape(architecture)
    torch.testing.assert_close(out, ours(x), rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("architecture", [*(preset.architecture for preset in PRESETS.values()), NESTED])
def test_the_weights_of_the_class_have_the_names_that_build_gives_them(architecture: Architecture) -> None:
    with torch.device("meta"):
        assert list(written_net(architecture, "class").state_dict()) == list(build_model(architecture).state_dict())


def test_the_file_runs_on_its_own_and_prints_every_shape(tmp_path: Path) -> None:
    files = {
        tmp_path / f"{style}-{number}.py": (architecture, to_code(architecture, style))
        for style in STYLES
        for number, architecture in enumerate((PRESETS["lab-convnet"].architecture, NESTED))
    }
    for file, (_, code) in files.items():
        file.write_text(code, encoding="utf-8")
    run_all = (
        "import runpy, sys; [(runpy.run_path(file, run_name='__main__'), print(end='|')) for file in sys.argv[1:]]"
    )
    command = [sys.executable, "-c", run_all, *map(str, files)]  # torch is imported once for all
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("|")
    for (architecture, _), lines in zip(files.values(), printed, strict=False):
        for step in trace(architecture):
            assert str((2, *(step.output_shape or ()))) in lines
        assert f"{sum(step.parameters for step in trace(architecture))} parameters" in lines
    assert len(printed) == len(files) + 1


def nets_with_long_numbers() -> Iterator[Architecture]:
    """Yields nets with numbers as long as they may be."""
    wide = ConvTranspose1d(out_channels=65_536, kernel_size=65_536, stride=65_536)
    yield Architecture(input_shape=(1_000_000, 200), layers=[wide])
    yield Architecture(input_shape=(1_000, 1_000, 1_000, 1_000), layers=[LayerNorm(), Flatten(), LayerNorm(), ReLU()])
    wider = ConvTranspose2d(out_channels=1, kernel_size=1, stride=(1, 65_536))
    flat = Flatten(start_dim=2)
    block = Residual(layers=(LayerNorm(), flat, LayerNorm(eps=0.5)), projection=(flat,))
    for count, height in product((1, 2), (1, 9, 99)):
        grown = Architecture(input_shape=(1, height, 3), layers=[wider] * count)
        yield grown.insert_layer(count, LayerNorm(eps=0.5, bias=False))
        yield grown.insert_layer(count, block)


def test_every_file_is_formatted_as_by_ruff_and_free_of_its_complaints(tmp_path: Path) -> None:
    written: list[str] = []

    @settings(max_examples=250, deadline=None, database=None)
    @given(buildable_nets)
    def write(architecture: Architecture) -> None:
        written.extend(to_code(architecture, style) for style in STYLES)

    write()
    presets = (preset.architecture for preset in PRESETS.values())
    for architecture in (
        *presets,
        *nets_with_long_numbers(),
        NESTED,
        Architecture(input_shape=(3,)),
        *nets_with_long_lines(),
    ):
        written.extend(to_code(architecture, style) for style in STYLES)
    for number, text in enumerate(dict.fromkeys(written)):
        (tmp_path / f"net{number}.py").write_text(text, encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    assert (
        subprocess.run(
            [*ruff, "format", "--diff", "--isolated", "--no-cache", "."], cwd=tmp_path, check=False
        ).returncode
        == 0
    )
    subprocess.run([*ruff, "check", "--isolated", "--no-cache", "."], cwd=tmp_path, check=True)


def nets_with_long_lines() -> Iterator[Architecture]:
    """Yields nets whose code has lines of every length around the limit, in and out of blocks."""
    mores = ({}, {"bias": False}, {"padding": 100}, {"stride": (111, 11_111)}, {"padding": "same", "dilation": (1, 10)})
    for digits, more, dilation in product(range(1, 5), mores, range(1, 4)):
        conv = Conv2d(**{"out_channels": 10**digits, "kernel_size": 1, "dilation": 10**dilation} | more)
        for layer in (conv, Residual(layers=(conv,), projection=(conv,))):
            yield Architecture(input_shape=(10**digits, 99, 99), layers=(layer,))


def test_code_shows_the_shape_behind_every_layer() -> None:
    code = to_code(PRESETS["lab-convnet"].architecture, "sequential")
    assert "    nn.MaxPool2d(kernel_size=4),  # (N, 10, 22, 4)\n" in code
    code = to_code(PRESETS["lab-convnet"].architecture)
    assert "        self.conv1 = nn.Conv2d(in_channels=1, out_channels=10, kernel_size=10)\n" in code
    assert "        x = self.conv1(x)  # (N, 10, 90, 17)\n" in code


@EVERY_STYLE
def test_only_the_blocks_that_a_net_has_are_defined(style: Style) -> None:
    assert "class Residual" not in to_code(PRESETS["lab-convnet"].architecture, style)
    residual = to_code(Architecture(input_shape=(3,), layers=(Residual(),)), style)
    assert "class Residual(nn.Module):" in residual
    assert "class Parallel" not in residual


@EVERY_STYLE
def test_a_stack_that_does_not_fit_has_no_code(style: Style) -> None:
    stack = PRESETS["lab-convnet"].architecture.update_layer(0, kernel_size=30)
    with pytest.raises(ShapeError, match="Layer 1, Conv2d: a window of 30"):
        to_code(stack, style)


def test_an_empty_stack_and_one_layer_have_code() -> None:
    assert "return x" in to_code(Architecture(input_shape=(3,)))
    assert "model = nn.Sequential()" in to_code(Architecture(input_shape=(3,)), "sequential")
    design = Architecture(input_shape=(3,), layers=(Linear(out_features=2),))
    assert "nn.Linear(in_features=3, out_features=2)" in to_code(design)
