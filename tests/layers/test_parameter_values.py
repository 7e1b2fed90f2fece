"""Values that torch takes beyond a number come back from JSON and from code, and are built as torch builds them."""

import pytest
import torch

from cnnviz.architecture import Architecture, build_model, trace
from cnnviz.layers import (
    GLU,
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveMaxPool3d,
    AvgPool2d,
    AvgPool3d,
    BatchNorm2d,
    Conv1d,
    Conv2d,
    Flatten,
    Gate,
    GroupNorm,
    Identity,
    InstanceNorm2d,
    Layer,
    LogSoftmax,
    MaxPool2d,
    RMSNorm,
    Softmax,
    Unflatten,
    Upsample,
    ZeroPad2d,
)
from cnnviz.share import from_token, to_token
from cnnviz.source import STYLES, Style, from_code, to_code

PICTURE, VOLUME, SIGNAL = (8, 12, 12), (2, 6, 6, 6), (8, 12)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        (PICTURE, AdaptiveAvgPool2d(output_size=(None, 1))),
        (PICTURE, AdaptiveAvgPool2d(output_size=(None, None))),
        (VOLUME, AdaptiveMaxPool3d(output_size=(2, None, 3))),
        (PICTURE, AvgPool2d(kernel_size=2, divisor_override=3)),
        (VOLUME, AvgPool3d(kernel_size=2, divisor_override=1)),
        (PICTURE, BatchNorm2d(bias=False, momentum=None)),
        (PICTURE, GroupNorm(num_groups=2, bias=False)),
        (PICTURE, InstanceNorm2d(affine=True, bias=False, momentum=None)),
        (PICTURE, RMSNorm(eps=1e-6)),
        (PICTURE, Softmax(dim=-1)),
        (PICTURE, LogSoftmax(dim=-2)),
        (PICTURE, GLU(dim=-3)),
        (PICTURE, Unflatten(dim=-3, unflattened_size=(2, -1))),
        (PICTURE, Flatten(start_dim=2, end_dim=-1)),
        (PICTURE, ZeroPad2d(padding=(1, -1, 2, 0))),
        (PICTURE, Upsample(scale_factor=(2.0, 1.5), mode="bilinear", align_corners=False)),
        (PICTURE, Identity()),
        (PICTURE, Gate.default(PICTURE)),
    ],
)
def test_a_value_comes_back_from_json_link_and_code_and_is_torchs(
    shape: tuple[int, ...], layer: Layer, style: Style
) -> None:
    net = Architecture(input_shape=shape, layers=[layer])
    assert Architecture.from_json(net.to_json()) == net
    assert from_token(to_token(net)) == net
    assert from_code(to_code(net, style), shape) == net
    (step,) = trace(net)
    model = build_model(net)
    assert tuple(model(torch.rand(2, *shape)).shape[1:]) == step.output_shape
    assert sum(p.numel() for p in model.parameters()) == step.parameters


@pytest.mark.parametrize(
    ("of_one", "plain"),
    [
        (Conv1d(out_channels=3, kernel_size=(3,), padding=(1,)), Conv1d(out_channels=3, kernel_size=3, padding=1)),
        (Conv2d(out_channels=3, kernel_size=3, stride=(2,)), Conv2d(out_channels=3, kernel_size=3, stride=2)),
        (MaxPool2d(kernel_size=(2,)), MaxPool2d(kernel_size=2)),
        (AdaptiveAvgPool1d(output_size=(3,)), AdaptiveAvgPool1d(output_size=3)),
    ],
)  # fmt: skip
def test_a_tuple_of_one_is_its_number(of_one: Layer, plain: Layer) -> None:
    assert of_one == plain


@pytest.mark.parametrize("dim", [0, -4, 4])
def test_an_axis_is_one_of_the_sample(dim: int) -> None:
    (step,) = trace(Architecture(input_shape=PICTURE, layers=[Softmax(dim=dim)]))
    assert "use a dim from 1 to 3, or from −3 to −1" in (step.error or "")
    assert trace(step.mends[0].architecture)[0].output_shape == PICTURE


def test_flat_factors_of_a_gate_get_their_axes_back() -> None:
    gate = Gate(layers=(AdaptiveAvgPool2d(output_size=1), Flatten()))
    (step,) = trace(Architecture(input_shape=PICTURE, layers=[gate]))
    assert "cannot multiply 8 × 12 × 12 by 8: 8 comes from the gate" in (step.error or "")
    mended = step.mends[0].architecture
    assert trace(mended)[0].output_shape == PICTURE
    x = torch.rand(2, *PICTURE)
    torch.testing.assert_close(build_model(mended)(x), x * x.mean((2, 3), keepdim=True))


def test_squeeze_and_excitation_is_read_from_code() -> None:
    code = """
class SE(nn.Module):
    def __init__(self, channels=8, reduction=4):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // reduction), nn.ReLU(),
            nn.Linear(channels // reduction, channels), nn.Sigmoid(),
        )

    def forward(self, x):
        b, c, _, _ = x.size()
        y = self.pool(x).view(b, c)
        y = self.fc(y).view(b, c, 1, 1)
        return x * y
"""
    net = from_code(code, PICTURE)
    (gate,) = net.layers
    assert isinstance(gate, Gate)
    assert gate.path == ()
    scope: dict[str, type[torch.nn.Module]] = {}
    exec("import torch\nfrom torch import nn\n" + code, scope)  # noqa: S102 (our own text)
    theirs, ours, x = scope["SE"](), build_model(net), torch.rand(2, *PICTURE)
    ours.load_state_dict(dict(zip(ours.state_dict(), theirs.state_dict().values(), strict=True)))
    torch.testing.assert_close(ours(x), theirs(x))
