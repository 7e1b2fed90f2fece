"""Layers that torch has no class for, against functions of torch that compute the same."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from cnnviz.architecture import Architecture, build_model
from cnnviz.errors import DesignError
from cnnviz.explanation import explain
from cnnviz.layers import PALETTE, Residual
from cnnviz.source import from_code, to_code
from tests.strategies import shapes

NETS = {
    "scaled branch": Residual(layers=(PALETTE["Tanh"](), PALETTE["Scale"](factor=0.2))),
    "dropped branch": Residual(layers=(PALETTE["Tanh"](), PALETTE["StochasticDepth"](p=0.4))),
    "both": Residual(layers=(PALETTE["Scale"](factor=-3.0), PALETTE["StochasticDepth"]())),
}


@settings(max_examples=50, deadline=None)
@given(shape=shapes, factor=st.floats(-1e6, 1e6), seed=st.integers(0, 100))
def test_a_scale_multiplies(shape: tuple[int, ...], factor: float, seed: int) -> None:
    x = torch.randn(3, *shape, generator=torch.Generator().manual_seed(seed), requires_grad=True)
    out = PALETTE["Scale"](factor=factor).build_module(shape)(x)
    assert torch.equal(out, torch.mul(x, factor))
    (slope,) = torch.autograd.grad(out.sum(), x)
    assert torch.equal(slope, torch.full_like(x, factor))


@settings(max_examples=50, deadline=None)
@given(shape=shapes, p=st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), seed=st.integers(0, 100))
def test_stochastic_depth_drops_samples_as_torch_drops_channels(shape: tuple[int, ...], p: float, seed: int) -> None:
    x = torch.randn(16, *shape, generator=torch.Generator().manual_seed(seed), requires_grad=True)
    module = PALETTE["StochasticDepth"](p=p).build_module(shape)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        ours = module.train()(x)
        torch.manual_seed(seed)
        theirs = functional.dropout1d(x.reshape(1, 16, -1), p, training=True).reshape(x.shape)
    torch.testing.assert_close(ours, theirs)
    slopes = [torch.autograd.grad(out.sum(), x)[0] for out in (ours, theirs)]
    torch.testing.assert_close(*slopes)
    assert module.eval()(x) is x


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("style", ["class", "sequential"])
def test_generated_code_holds_the_class_and_is_read_back(name: str, style: str) -> None:
    design = Architecture(input_shape=(3, 8, 8), layers=[NETS[name], PALETTE["Scale"](factor=2.5)])
    code = to_code(design, style)  # type: ignore[arg-type]
    assert from_code(code) == design
    scope: dict[str, object] = {"__name__": "written"}
    exec(code, scope)  # noqa: S102 (our own text)
    written = scope["model"] if style == "sequential" else scope["ConvNet"]()  # type: ignore[operator]
    x = torch.randn(9, 3, 8, 8)
    outputs = []
    for module in (written, build_model(design)):
        with torch.random.fork_rng():
            torch.manual_seed(4)
            outputs.append(module.train()(x))  # type: ignore[attr-defined]
    assert torch.equal(*outputs)


@pytest.mark.parametrize("name", NETS)
def test_a_built_net_is_explained_as_its_design(name: str) -> None:
    design = Architecture(input_shape=(3, 8, 8), layers=[NETS[name]])
    assert explain(build_model(design), design.input_shape).architecture == design


def test_torchvisions_stochastic_depth_of_single_samples_is_read() -> None:
    text = "import torchvision.ops\nmodel = nn.Sequential(nn.ReLU(), torchvision.ops.StochasticDepth({}))"
    net = from_code(text.format("0.3, mode='row'"), (3,))
    assert net.layers[1] == PALETTE["StochasticDepth"](p=0.3)
    with pytest.raises(DesignError, match=r'Line 2: .*a design leaves single samples out, so write mode="row"'):
        from_code(text.format("0.3, 'batch'"), (3,))


def test_a_class_of_ones_own_of_that_name_is_followed() -> None:
    text = "class Scale(nn.Module):\n    def __init__(self, factor):\n        super().__init__()\n{}\nmodel = Scale(3)"
    followed = text.format("        self.act = nn.Tanh()\n    def forward(self, x):\n        return self.act(x)")
    assert from_code(followed, (3,)).layers == (PALETTE["Tanh"](),)
    with pytest.raises(DesignError, match=r"Scale has no value that could be worked out"):
        from_code("model = nn.Sequential(Scale(3))", (3,))
