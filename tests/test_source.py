import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings

from cnnviz.architecture import Architecture, build, trace
from cnnviz.errors import ShapeError
from cnnviz.layers import Linear, ReLU
from cnnviz.presets import PRESETS
from cnnviz.source import to_code
from tests.strategies import architectures


def from_source(architecture: Architecture) -> torch.nn.Module:
    scope: dict[str, object] = {"__name__": "net"}
    exec(to_code(architecture), scope)  # noqa: S102 (our own text)
    return scope["ConvNet"]()  # type: ignore[operator]


@pytest.mark.parametrize("name", PRESETS)
def test_code_computes_what_build_computes_under_the_same_weights(name: str) -> None:
    architecture = PRESETS[name].architecture
    ours, written = build(architecture).eval(), from_source(architecture).eval()
    written.load_state_dict(ours.state_dict())
    x = torch.randn(3, *architecture.input_shape)
    assert torch.equal(ours(x), written(x))


@settings(max_examples=60, deadline=None)
@given(architectures())
def test_code_of_every_stack_that_fits_gives_its_parameters(architecture: Architecture) -> None:
    steps = trace(architecture)
    if steps and steps[-1].error:
        with pytest.raises(ShapeError):
            to_code(architecture)
        return
    assert sum(p.numel() for p in from_source(architecture).parameters()) == sum(s.parameters for s in steps)


def test_the_file_runs_on_its_own_and_prints_every_shape(tmp_path: Path) -> None:
    file = tmp_path / "convnet.py"
    file.write_text(to_code(PRESETS["lab-convnet"].architecture), encoding="utf-8")
    printed = subprocess.run([sys.executable, str(file)], check=True, capture_output=True, text=True).stdout
    assert "(2, 10, 22, 4)" in printed
    assert "92645 parameters" in printed


def test_code_is_formatted_as_ruff_would(tmp_path: Path) -> None:
    file = tmp_path / "convnet.py"
    for architecture in (PRESETS["lab-convnet"].architecture, Architecture(input_shape=(3,), layers=(ReLU(),))):
        file.write_text(to_code(architecture), encoding="utf-8")
        subprocess.run([sys.executable, "-m", "ruff", "format", "--check", "--isolated", str(file)], check=True)


def test_a_stack_that_does_not_fit_has_no_code() -> None:
    stack = PRESETS["lab-convnet"].architecture.replaced(0, kernel_size=30)
    with pytest.raises(ShapeError, match="Layer 1, Conv2d: a window of 30"):
        to_code(stack)


def test_an_empty_stack_and_one_layer_have_code() -> None:
    assert "return x" in to_code(Architecture(input_shape=(3,)))
    assert "nn.Linear(in_features=3, out_features=2)" in to_code(
        Architecture(input_shape=(3,), layers=(Linear(out_features=2),))
    )
