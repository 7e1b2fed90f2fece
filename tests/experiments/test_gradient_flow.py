import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.func import functional_call

from cnnviz.activations import ACTIVATIONS
from cnnviz.experiments.gradient_flow import INITIALIZATIONS, LINEAR, NORMALIZATIONS, DeepNet

NETS = st.builds(
    DeepNet,
    depth=st.integers(1, 8),
    width=st.integers(2, 16),
    activation=st.sampled_from([*ACTIVATIONS, LINEAR]),
    initialization=st.sampled_from(list(INITIALIZATIONS)),
    normalization=st.sampled_from(list(NORMALIZATIONS)),
    seed=st.integers(0, 3),
)


@settings(deadline=None, max_examples=60)
@given(NETS)
def test_norms_are_those_of_torchs_functional_gradient(net: DeepNet) -> None:
    model, (x, y) = net.build(), net.batch()

    def loss(parameters: dict[str, torch.Tensor]) -> torch.Tensor:
        torch.manual_seed(net.seed)
        buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
        return nn.functional.cross_entropy(functional_call(model, (parameters, buffers), (x,)), y)

    gradients = torch.func.grad(loss)(dict(model.named_parameters()))
    linears = [name for name, layer in model.named_children() if isinstance(layer, nn.Linear)]
    expected = torch.stack([gradients[f"{name}.weight"].detach().double().norm() for name in linears])
    assert torch.allclose(torch.tensor(net.gradient_norms(), dtype=torch.float64), expected, rtol=1e-4, atol=1e-30)


def test_a_sigmoid_makes_the_gradient_vanish_and_normalization_brings_it_back() -> None:
    def ratio(**changes: object) -> float:
        norms = DeepNet().changed(**changes).gradient_norms()
        return norms[0] / norms[-1]

    assert ratio() < 1e-8
    assert ratio(activation="ReLU", initialization="Kaiming (He)") > 1e-2
    assert ratio(normalization="BatchNorm1d") > 1e-2
