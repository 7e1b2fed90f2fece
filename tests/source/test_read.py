"""What from_code understands, and the errors for what it does not."""
# ruff: noqa: E501  (a row of a table is one line)

import textwrap

import pytest
import torch
from hypothesis import given, settings
from torch import nn

from cnnviz.architecture import Architecture, build_model
from cnnviz.errors import DesignError
from cnnviz.layers import (
    PALETTE,
    AdaptiveAvgPool2d,
    AvgPool2d,
    BatchNorm2d,
    Block,
    Conv1d,
    Conv2d,
    Dropout,
    Flatten,
    LayerNorm,
    Linear,
    LogSoftmax,
    MaxPool2d,
    Parallel,
    ReLU,
    Residual,
    Sigmoid,
    Softmax,
    Tanh,
)
from cnnviz.presets import PRESETS
from cnnviz.shapes import Shape
from cnnviz.source import STYLES, Style, from_code, to_code
from cnnviz.source.torch_names import FUNCTIONS, LAYER_FUNCTIONS
from tests.source.designs import NESTED, canonical, designs
from tests.source.lab import LAB, NOTEBOOK

LAB_DESIGN = PRESETS["lab-convnet"].architecture


def a_net(init: str, forward: str) -> str:
    """Returns a class with these lines in __init__, from line 4 on, and in forward, behind them and one line more."""
    lines = ["class Net(nn.Module):", "    def __init__(self):", "        super().__init__()"]
    lines += textwrap.indent(textwrap.dedent(init).strip(), " " * 8).splitlines()
    lines += ["    def forward(self, x):"]
    lines += textwrap.indent(textwrap.dedent(forward).strip(), " " * 8).splitlines()
    return "\n".join(lines)


def layers_of(forward: str, shape: Shape = (4, 8, 8), init: str = "pass") -> tuple[object, ...]:
    return from_code(a_net(init, forward), shape).layers


# in and out


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_comes_back_from_its_code(name: str, style: Style) -> None:
    architecture = PRESETS[name].architecture
    assert from_code(to_code(architecture, style), architecture.input_shape) == architecture
    assert from_code(to_code(architecture, style)) == architecture


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=100, deadline=None)
@given(architecture=designs)
def test_every_stack_that_fits_comes_back_from_its_code(architecture: Architecture, style: Style) -> None:
    assert from_code(to_code(architecture, style), architecture.input_shape) == canonical(architecture)


@pytest.mark.parametrize("style", STYLES)
def test_a_block_whose_layers_are_all_on_its_projection_comes_back_so(style: Style) -> None:
    architecture = Architecture(input_shape=(4,), layers=(Residual(projection=(Tanh(),)),))
    assert from_code(to_code(architecture, style), (4,)) == architecture


@pytest.mark.parametrize("kind", PALETTE)
def test_every_kind_comes_back_from_its_code(kind: str) -> None:
    axes = {"1d": 1, "3d": 3}.get(kind[-2:], 2)
    shape = (4, *[12] * axes)
    architecture = Architecture(input_shape=shape, layers=(PALETTE[kind].default(shape),))
    for style in STYLES:
        assert from_code(to_code(architecture, style)) == architecture


# the lab


def test_the_labs_class_is_the_labs_preset() -> None:
    assert from_code(LAB, (1, 99, 26)) == LAB_DESIGN


def test_the_whole_notebook_pasted_as_one_is_the_same_net() -> None:
    assert from_code(NOTEBOOK, (1, 99, 26)) == LAB_DESIGN


def test_the_labs_exercise_more_layers_and_batch_norm_can_be_pasted() -> None:
    better = LAB.replace(
        "        self.relu", "        self.batch_norm = nn.BatchNorm2d(10)\n        self.relu"
    ).replace("x = self.conv1_drop(x)\n", "x = self.conv1_drop(x)\n        x = self.batch_norm(x)\n")
    assert from_code(better, (1, 99, 26)) == LAB_DESIGN.insert_layer(4, BatchNorm2d())


def test_the_labs_class_for_samples_of_another_size_names_the_line_that_does_not_fit() -> None:
    with pytest.raises(
        DesignError,
        match=r"Line 19: `x\.view\(-1, 880\)` does not fit: one sample holds 160 numbers there \(10 × 4 × 4\), not 880\."
        r" \(With samples of 1 × 28 × 28\.\)",
    ):
        from_code(LAB, (1, 28, 28))


# a tutorial's nets, torch being the judge

RESIDUAL = """
class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, in_planes, planes, stride=1):
        super(BasicBlock, self).__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, kernel_size=3, stride=1, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_planes != self.expansion * planes:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_planes, self.expansion * planes, kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(self.expansion * planes),
            )

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return F.relu(out)


class ResNet(nn.Module):
    def __init__(self, block, num_blocks, num_classes=10):
        super().__init__()
        self.in_planes = 8
        self.conv1 = nn.Conv2d(3, 8, kernel_size=3, stride=1, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.layer1 = self._make_layer(block, 8, num_blocks[0], stride=1)
        self.layer2 = self._make_layer(block, 16, num_blocks[1], stride=2)
        self.linear = nn.Linear(16 * block.expansion, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight)

    def _make_layer(self, block, planes, num_blocks, stride):
        strides = [stride] + [1] * (num_blocks - 1)
        layers = []
        for stride in strides:
            layers.append(block(self.in_planes, planes, stride))
            self.in_planes = planes * block.expansion
        return nn.Sequential(*layers)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.layer2(self.layer1(out))
        out = F.avg_pool2d(out, 4)
        out = out.view(out.size(0), -1)
        return self.linear(out)


model = ResNet(BasicBlock, [2, 1])
"""

BRANCHES = """
def block(channels, out):
    return nn.Sequential(OrderedDict([("conv", nn.Conv2d(channels, out, 3, padding=1)), ("relu", nn.ReLU())]))


class Branches(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.ways = nn.ModuleList([block(3, width), block(3, 2 * width)])
        self.down = nn.Conv2d(3 * width + 3, 5, 2, 2)
        self.up = nn.ConvTranspose2d(5, 5, 2, 2)
        self.act = F.relu

    def forward(self, x):
        out = torch.cat([way(x) for way in self.ways] + [x], dim=1)
        up = self.up(self.act(self.down(out)))
        return torch.cat((out, up), 1).flatten(1).tanh()


model = Branches()
"""

SKIPS = """
class Skips(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding="same")
        self.b = nn.Conv2d(3, 3, 1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        identity = x
        out = self.relu(x) + self.a(x)
        out += identity
        before = out
        out += self.b(out)
        return torch.add(out, before)


model = Skips()
"""


@pytest.mark.parametrize("text", [RESIDUAL, BRANCHES, SKIPS], ids=["resnet", "branches", "skips"])
def test_what_is_read_computes_what_the_code_computes_under_the_same_weights(text: str) -> None:
    scope: dict[str, object] = {"__name__": "pasted"}
    start = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\nfrom collections import OrderedDict\n"
    exec(start + text, scope)  # noqa: S102 (our own text)
    theirs = scope["model"]
    assert isinstance(theirs, nn.Module)
    architecture = from_code(start + text, (3, 8, 8))
    ours = build_model(architecture)
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())
    with torch.no_grad():
        for number, weights in enumerate(_alike(ours, theirs)):
            for weight in weights:
                weight.copy_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(number)))
        x = torch.randn(2, 3, 8, 8)
        torch.testing.assert_close(ours.eval()(x.clone()), theirs.eval()(x.clone()))


def _alike(ours: nn.Module, theirs: nn.Module) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return list(zip(ours.parameters(), theirs.parameters(), strict=True))


# forms of one thing

IN_FULL = """
class Net(torch.nn.Module):
    def __init__(self, channels: int = 4, *, out=2, act=True):
        torch.nn.Module.__init__(self)
        self.conv: nn.Module = nn.Conv2d(channels, out, 3)
        self.act = act

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv(x)
        return F.relu(x) if self.act else x
"""


@pytest.mark.parametrize(
    "text",
    [
        "nn.Sequential(nn.Conv2d(4, 2, 3), nn.ReLU())",
        "torch.nn.Sequential(torch.nn.Conv2d(4, 2, 3), torch.nn.ReLU())",
        "from torch.nn import *\nmodel = Sequential(Conv2d(4, 2, kernel_size=3), ReLU(inplace=True))",
        "import torch.nn as tnn\nmodel = tnn.Sequential(tnn.Conv2d(4, 2, 3), tnn.ReLU()).to('cuda')",
        "nn.Sequential(OrderedDict([('a', nn.Conv2d(4, 2, 3)), ('b', nn.ReLU())]))",
        "nn.Sequential(OrderedDict({'a': nn.Conv2d(4, 2, 3), 'b': nn.ReLU()}))",
        "k = 3\nlayers = [nn.Conv2d(4, 2, k)]\nlayers += [nn.ReLU()]\nnet = nn.Sequential(*layers)",
        "first = nn.Sequential(nn.Conv2d(4, 64 // 32, 3))\nnet = nn.Sequential(first, nn.Identity(), nn.ReLU())",
        "net = nn.Sequential()\nnet.add_module('conv', nn.Conv2d(4, 2, 3))\nnet.append(nn.ReLU())",
        "nn.Sequential(nn.LazyConv2d(2, 3), nn.ReLU())",
        "    # indented, as copied from a function\n    net = nn.Sequential(nn.Conv2d(4, 2, 3), nn.ReLU())",
        a_net("self.conv = nn.Conv2d(4, 2, 3)", "return F.relu(self.conv(x))"),
        a_net("self.conv = nn.Conv2d(4, 2, 3)", "return torch.relu(input=self.conv(x))"),
        a_net("self.conv = nn.Conv2d(4, 2, 3)", "return self.conv(x).relu()"),
        a_net("self.conv = nn.Conv2d(4, 2, 3)", "'''What it does.'''\ny = self.conv(x)\nF.relu_(y)\nreturn y"),
        a_net("self.a, self.b = nn.Conv2d(4, 2, 3), nn.ReLU()", "for f in (self.a, self.b):\n    x = f(x)\nreturn x"),
        a_net("self.net = nn.Sequential(nn.Conv2d(4, 2, 3), nn.ReLU())", "print(x.shape)\nreturn self.net(x)"),
        a_net("self.add_module('c', nn.Conv2d(4, 2, 3))", "return nn.ReLU()(self.c(x))"),
        IN_FULL,
    ],
)
def test_the_same_net_can_be_written_in_many_ways(text: str) -> None:
    assert from_code(text, (4, 8, 8)).layers == (Conv2d(out_channels=2, kernel_size=3), ReLU())


@pytest.mark.parametrize(
    ("forward", "expected"),
    [
        ("return F.max_pool2d(x, 2)", MaxPool2d(kernel_size=2)),
        ("return F.max_pool2d(x, (2, 1), ceil_mode=True)", MaxPool2d(kernel_size=(2, 1), ceil_mode=True)),
        ("return F.max_pool2d(x, kernel_size=[2, 2])", MaxPool2d(kernel_size=(2, 2))),
        ("return F.avg_pool2d(x, 3, 1, 1, False, False)", AvgPool2d(kernel_size=3, stride=1, padding=1, count_include_pad=False)),
        ("return F.adaptive_avg_pool2d(x, (1, 1))", AdaptiveAvgPool2d(output_size=(1, 1))),
        ("return F.dropout(x, 0.2, self.training)", Dropout(p=0.2)),
        ("return F.dropout(x, training=self.training)", Dropout(p=0.5)),
        ("return F.log_softmax(x, dim=1)", LogSoftmax(dim=1)),
        ("return F.softmax(x, dim=-1)", Softmax(dim=-1)),
        ("return F.softmax(x)", Softmax(dim=1)),
        ("return torch.sigmoid(x)", Sigmoid()),
        ("return torch.tanh_(x)", Tanh()),
        ("return x.view(x.size(0), -1)", Flatten()),
        ("return x.view(-1, 4 * 8 * 8)", Flatten()),
        ("return x.reshape(x.shape[0], -1)", Flatten()),
        ("n, c, h, w = x.shape\nreturn x.reshape((n, c * h * w))", Flatten()),
        ("return x.view(len(x), x.size(1), -1)", Flatten(start_dim=2, end_dim=3)),
        ("return torch.reshape(x, (x.size()[0], 32, 8))", Flatten(start_dim=1, end_dim=2)),
        ("return torch.flatten(x, 1)", Flatten()),
        ("return torch.flatten(x, start_dim=-2)", Flatten(start_dim=2)),
        ("return x.flatten(1, 2)", Flatten(end_dim=2)),
        ("return x + F.relu(x)", Residual(layers=(ReLU(),))),
        ("return F.relu(x) + x", Residual(layers=(ReLU(),))),
        ("return torch.cat([x, F.relu(x)], 1)", Parallel(branches=((), (ReLU(),)))),
        ("return torch.cat((x, x), dim=-3)", Parallel(branches=((), ()))),
    ],
)  # fmt: skip
def test_functions_and_methods_are_layers(forward: str, expected: object) -> None:
    assert layers_of(forward) == (expected,)


@pytest.mark.filterwarnings("ignore:`nn.functional.upsample` is deprecated")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_the_layer_that_torch_says(name: str) -> None:
    kind, parameters = FUNCTIONS[name]
    axes = {"1d": 1, "3d": 3}.get(kind[-2:], 2)
    fresh = PALETTE[kind].default()
    arguments = {field: value for field, value in fresh.model_dump(exclude={"kind"}).items() if field in parameters}
    if name in ("alpha_dropout", "feature_alpha_dropout"):
        arguments["training"] = True
    text = a_net("pass", f"return {'torch' if name == 'flatten' else 'F'}.{name}(x, **given)")
    text = text.replace("**given", ", ".join(f"{field}={value!r}" for field, value in arguments.items()))
    assert from_code(text, (4, *[12] * axes)).layers == (fresh,)
    x = torch.rand(2, 4, *[12] * axes)
    torch.manual_seed(0)
    theirs = getattr(torch if name == "flatten" else nn.functional, name)(x, **arguments)
    torch.manual_seed(0)
    torch.testing.assert_close(fresh.build_module((4, *[12] * axes))(x), theirs)


def test_functions_in_place_and_methods_are_known_where_torch_has_them() -> None:
    assert LAYER_FUNCTIONS["torch.nn.functional.relu_"] == "relu"
    assert "torch.Tensor.gelu" not in LAYER_FUNCTIONS


def test_what_does_not_change_the_net_is_passed_over() -> None:
    forward = "y = x.clone().contiguous()\nx = F.dropout(y, 0.5, False)\nx = self.same(x)\nreturn x.view(-1, 4, 8, 8)"
    init = "self.same = nn.Identity()\nself.rnn = nn.LSTM(3, 3)\nassert True\nself.apply(weights)"
    assert layers_of(forward, init=init) == ()


def test_a_tuple_of_one_is_a_number_where_there_is_one_axis() -> None:
    assert from_code("nn.Sequential(nn.Conv1d(2, 3, kernel_size=(3,)))", (2, 9)).layers == (
        Conv1d(out_channels=3, kernel_size=3),
    )


def test_a_layer_norm_of_the_whole_sample_stays_one_when_the_sample_changes() -> None:
    text = "nn.Sequential(nn.LayerNorm((4, 8)), nn.LayerNorm([8]))"
    assert from_code(text, (4, 8)).layers == (LayerNorm(), LayerNorm(normalized_shape=8))


def test_a_layer_without_weights_may_be_used_twice() -> None:
    assert layers_of("return self.relu(self.relu(x))", init="self.relu = nn.ReLU()") == (ReLU(), ReLU())


def test_an_operation_in_place_changes_the_tensor_under_all_its_names() -> None:
    assert layers_of("y = x\nF.relu_(x)\nreturn y") == (ReLU(),)
    assert layers_of("y = x\nx = F.relu(x)\nreturn y") == ()
    assert layers_of("y = x\ny += F.relu(x)\nreturn x") == (Residual(layers=(ReLU(),)),)


# the shape of a sample


@pytest.mark.parametrize(
    "hint",
    [
        "# x: (N, 4, 8, 8)",
        "x = torch.randn(2, 4, 8, 8)",
        "size = 8\nx = torch.zeros((16, 4, size, size))",
        "print(model(torch.rand([1, 4, 8, 8])).shape)",
        "# x: (N, 0, 8)\nif __name__ == '__main__':\n    x = torch.ones(2, 4, 8, 8)",
    ],
)
def test_the_text_says_what_a_sample_is(hint: str) -> None:
    text = "model = nn.Sequential(nn.Flatten(), nn.Linear(256, 2))\n"
    assert from_code(f"{text}{hint}").input_shape == (4, 8, 8)
    assert from_code(f"{text}{hint}", (1, 2, 2)).input_shape == (4, 8, 8)


def test_where_the_text_is_wrong_about_its_samples_the_given_shape_is_taken() -> None:
    text = "# x: (N, 4, 8, 8)\nmodel = nn.Sequential(nn.Flatten(), nn.Linear(12, 2))\n"
    assert from_code(text, (3, 4)).input_shape == (3, 4)


def test_a_net_for_other_channels_gets_them() -> None:
    assert from_code("nn.Sequential(nn.Conv2d(3, 8, 3))", (1, 28, 28)).input_shape == (3, 28, 28)


def test_a_net_of_linears_says_itself_what_a_sample_is() -> None:
    assert from_code("nn.Sequential(nn.Flatten(), nn.Linear(784, 10))").input_shape == (784,)
    assert from_code(a_net("self.fc = nn.Linear(784, 9)", "return self.fc(x.view(-1, 784))")).input_shape == (784,)


@pytest.mark.parametrize("shape", [(784,), (1, 99, 26), None])
def test_a_view_at_the_start_says_what_a_sample_is(shape: Shape | None) -> None:
    text = a_net("self.c = nn.Conv2d(1, 4, 3)", "x = x.view(-1, 1, 28, 28)\nreturn self.c(x)")
    architecture = from_code(text, shape)
    assert architecture.input_shape == (1, 28, 28)
    assert architecture.layers == (Conv2d(out_channels=4, kernel_size=3),)


def test_without_any_shape_the_text_is_asked_for_one() -> None:
    with pytest.raises(DesignError, match=r"does not say what a sample looks like\. Add its shape as a comment"):
        from_code(LAB)


# what is not understood, or does not fit


@pytest.mark.parametrize(
    ("init", "forward", "message"),
    [
        ("pass", "x = F.relu(x)\nx = x.mean(dim=1)\nreturn x", r"Line 7: `x = x\.mean\(dim=1\)` is not understood; a design can pool the axes after"),
        ("pass", "x = F.relu(x)\nx = x.sum(dim=2)\nreturn x", r"Line 7: `x = x\.sum\(dim=2\)` is not understood; no layer adds up an axis"),
        ("self.rnn = nn.LSTM(3, 4)", "return self.rnn(x)", r"Line 4: nn\.LSTM is not a layer that can be stacked here\."),
        ("self.c = nn.Conv2D(3, 4)", "return self.c(x)", r"Line 4: nn\.Conv2D is not a layer that can be stacked here; did you mean Conv2d\?"),
        ("self.c = nn.Conv2d(4, 4)", "return self.c(x)", r"Line 4: nn\.Conv2d also needs kernel_size\."),
        ("self.c = nn.Conv2d(4, 4, kernel=3)", "return self.c(x)", r"Line 4: nn\.Conv2d has no parameter kernel; it takes in_channels, out_channels"),
        ("self.c = nn.Conv2d(4, 4, 3, out_channels=4)", "return self.c(x)", r"Line 4: nn\.Conv2d gets out_channels twice\."),
        ("self.c = nn.ReLU(True, 1)", "return self.c(x)", r"Line 4: nn\.ReLU gets 2 arguments, but takes at most 1: inplace\."),
        ("self.c = nn.Tanh(1)", "return self.c(x)", r"Line 4: nn\.Tanh gets 1 argument, but takes none\."),
        ("self.c = nn.Conv2d(4, 4, 3, device='cuda')", "return self.c(x)", r"Line 4: nn\.Conv2d\(device=…\) cannot be part of a design; leave device"),
        ("self.c = nn.MaxPool2d(2, return_indices=True)", "return self.c(x)", r"Line 4: nn\.MaxPool2d\(return_indices=…\) cannot be part of a design"),
        ("self.c = nn.Conv2d(4, 4, 0)", "return self.c(x)", r"Line 4: nn\.Conv2d\(kernel_size=0\): it should be greater than or equal to 1\."),
        ("self.c = nn.Conv2d(4, 4, 3.0)", "return self.c(x)", r"Line 4: nn\.Conv2d\(kernel_size=3\.0\): it should be"),
        ("self.c = nn.Dropout(1.5)", "return self.c(x)", r"Line 4: nn\.Dropout\(p=1\.5\): it should be less than or equal to 1\."),
        ("self.c = nn.Dropout(nn.ReLU())", "return self.c(x)", r"Line 4: nn\.Dropout gets something other than a number as p; write the number itself\."),
        ("self.c = nn.MaxPool2d(9)", "return self.c(x)", r"Line 4, nn\.MaxPool2d: a window of 9 does not fit a height of 8 with padding 0; use a kernel_size of at most 8\."),
        ("self.c = nn.BatchNorm2d(3)", "return self.c(F.relu(x))", r"Line 4: nn\.BatchNorm2d says num_features=3, but 4 come in: the sample is 4 × 8 × 8 there\. Write num_features=4"),
        ("self.f = nn.Linear(255, 9)", "return self.f(x.flatten(1))", r"Line 4: nn\.Linear says in_features=255, but 256 come in"),
        ("self.f = nn.Linear(256, 9)", "return self.f(x)", r"Line 4: nn\.Linear says in_features=256, but the sample is 4 × 8 × 8 there; a Flatten is missing"),
        ("self.c = nn.Conv2d(4, 4, 1)", "x = self.c(x)\nreturn self.c(x)", r"Line 7: nn\.Conv2d of line 4 is used a second time \(before in line 6\)\. Its weights would be shared"),
        ("self.b = nn.BatchNorm2d(4, affine=False)", "return self.b(self.b(x))", r"Line 6: nn\.BatchNorm2d of line 4 is used a second time"),
        ("self.c = nn.Conv2d(4, 4, 1)", "a = self.c(x)\nreturn torch.cat([a, F.relu(a) + x], 1)", r"Line 6: the output of nn\.Conv2d takes several paths"),
        ("pass", "return nn.Conv2d(4, 4, 1)(x)", r"Line 6: nn\.Conv2d is created anew in every forward, so its weights never learn"),
        ("self.c = nn.Conv2d(4, 4, 1)", "self.c(x)\nreturn x", r"Line 6: `self\.c\(x\)` is not understood; its result is not used; write x = self\.c\(x\)"),
        ("self.c = nn.Conv2d(4, 4, 3)", "return x + self.c(x)", r"Line 6: cannot add 4 × 6 × 6 and 4 × 8 × 8: 4 × 6 × 6 comes from the layers, but 4 × 8 × 8 from the input"),
        ("self.c = nn.Conv2d(4, 4, 3)", "return torch.cat([x, self.c(x)], 1)", r"Line 6: cannot put 4 × 8 × 8 and 4 × 6 × 6 side by side"),
        ("pass", "return torch.cat([x, F.relu(x)], dim=2)", r"Line 6: `return torch\.cat.*` is not understood; a design can put branches side by side on the channels only"),
        ("pass", "return torch.cat([x, F.relu(x)])", r"Line 6: .*channels only, dim=1"),
        ("pass", "return F.pad(x, (0, 0, 0, 0, 1, 1))", r"Line 6: .* a design adds samples behind the channels only"),
        ("pass", "return F.pad(x, (1, 1), 'reflect')", r"Line 6: .* mode='reflect' takes 4 numbers here"),
        ("pass", "return F.pad(x, (1, 1, 1, 1), 'edge')", r"Line 6: .* is not understood"),
        ("pass", "return F.pad(x, ([1], [1]))", r"Line 6: .* is not understood"),
        ("pass", "return F.pad(x, ())", r"Line 6: .* is not understood"),
        ("pass", "return F.pad(x.flatten(1), (1, 1))", r"Line 6: .* a design adds samples behind the channels only"),
        ("pass", "return F.pad(x, (1, 1, 1))", r"Line 6: .* is not understood"),
        ("pass", "return F.pad(x, (8, 1, 1, 1), 'reflect')", r"Line 6, F\.pad: can add at most 7 to a width of 8, not 8"),
        ("pass", "return x.unflatten(0, (2, -1))", r"Line 6, x\.unflatten: would mix the samples of a batch"),
        ("pass", "return x.unflatten(1, (3, -1))", r"Line 6, x\.unflatten: cannot split a channels of 4"),
        ("self.n = nn.RMSNorm(8)", "return F.rms_norm(x, (8,), self.n.weight)", r"Line 6: .* use nn\.RMSNorm"),
        ("pass", "return F.rms_norm(x, (7,))", r"Line 6, F\.rms_norm: scales last axes of 7"),
        ("pass", "return torch.add(x, 2)", r"Line 6: `return torch\.add\(x, 2\)` is not understood; a design can multiply a tensor by a number, and add none"),
        ("pass", "return x + 2", r"Line 6: `return x \+ 2` is not understood; a design can multiply a tensor by a number, and add none"),
        ("pass", "x = x.view(-1, 4, 64, 1)\nreturn x", r"Line 6: `x\.view\(-1, 4, 64, 1\)` turns 4 × 8 × 8 into 4 × 64 × 1; a design can only flatten axes"),
        ("pass", "return x.view(-1, 255)", r"Line 6: `x\.view\(-1, 255\)` does not fit: one sample holds 256 numbers there \(4 × 8 × 8\), not 255"),
        ("pass", "return x.view(2, -1)", r"Line 6: `x\.view\(2, -1\)` must keep the batch as axis 0"),
        ("pass", "return torch.flatten(x)", r"Line 6: torch\.flatten merges the batch, too; its start_dim must be 1 or more\."),
        ("pass", "return self.fc(x)", r"Line 6: `return self\.fc\(x\)` is not understood; self\.fc is not set anywhere in __init__"),
        ("self.fc = nn.Linear(n, 2)", "return self.fc(x)", r"Line 4: `self\.fc = nn\.Linear\(n, 2\)` is not understood; n has no value that could be worked out"),
        ("pass", "if x.sum() > 0:\n    x = F.relu(x)\nreturn x", r"Line 6: `x\.sum\(\)` is not understood"),
        ("pass", "while True:\n    x = F.relu(x)\nreturn x", r"Line \d: (a net can have at most 500 layers|the code takes more than)"),
        ("self.a, self.b = nn.ReLU(), nn.Tanh()", "return self.a(x), self.b(x)", r"Line 6: 2 tensors are returned here, none of which is made of all others"),
        ("pass", "raise ValueError('no')", r"Line 6: the code itself stops here: `raise ValueError\('no'\)`"),
        ("pass", "return x.permute(0, 2, 3, 1)", r"Line 6: .* the axes of a sample stay in their order in a design"),
        ("self.c = nn.Conv2d(4, 4, 1)", "return self.c(x) + torch.zeros(1, 4, 8, 8)", r"Line 6: what is joined here does not come from the same tensor"),
        ("pass", "return F.relu(x", r"Line 6: Python cannot read this: '\(' was never closed\."),
        ("pass", "return F.max_pool2d(x, 2, strid=2)", r"Line 6: F\.max_pool2d has no parameter strid; it takes kernel_size, stride"),
        ("pass", "return F.max_pool2d(x)", r"Line 6: F\.max_pool2d also needs kernel_size\."),
        ("pass", "return F.conv2d(x, w)", r"Line 6: `return F\.conv2d\(x, w\)` is not understood"),
        ("self.c = nn.ReLU(**given)", "return self.c(x)", r"Line 4: .*given has no value that could be worked out"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(init: str, forward: str, message: str) -> None:
    with pytest.raises(DesignError, match=message):
        from_code(a_net(init, forward), (4, 8, 8))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "No net was found. Paste a class that derives from nn.Module"),
        ("x = 3\ndef f(): return 4\nclass A: pass", "No net was found"),
        ("a = nn.Sequential(nn.ReLU())\nb = nn.Sequential(nn.ReLU())", "The code holds 2 nets: a, b. Paste one of them."),
        (f"{LAB}\n{LAB.replace('ConvNet', 'Other')}", r"The code holds 2 nets: ConvNet \(line 1\), Other \(line 29\)\."),
        ("model = nn.Sequential(nn.ReLU())\nmodel[0:1] = nn.Tanh()", r"Line 2: `model\[0:1\] = nn\.Tanh\(\)` is not understood"),
        ("nn.Sequential([nn.ReLU()])", r"Line 1: nn\.Sequential takes layers one by one"),
        ("model = nn.Sequential(nn.ReLU())\nfor i in what: model.append(nn.Tanh())", r"Line 2: .* what has no value"),
        ("model = nn.Sequential(nn.ReLU())\nmodel = torch.fx.wrap(model)", r"Line 2: `model = torch\.fx\.wrap\(model\)`"),
        ("model = nn.Sequential(nn.LSTM(1, 2))", r"Line 1: nn\.LSTM is not a layer"),
        ("nn.Sequential(nn.LSTM(1, 2))", r"Line 1: nn\.LSTM is not a layer"),
        ("nn.Sequential(3)", r"Line 1: nn\.Sequential takes layers; one of its arguments is none"),
        ("n = 2 @ 4\nnn.Sequential(nn.Linear(4, n))", r"Line 1: `n = 2 @ 4` is not understood; numbers are worked out by"),
        ("fc = nn.Linear(4, 4)\nmodel = nn.Sequential(fc, fc)", r"Line 2: nn\.Linear of line 1 is used a second time \(before in line 2\)"),
        ("nn.Sequential(*[nn.ReLU()] * 501)", "Line 1: a net can have at most 500 layers"),
        ("nn.Sequential(Residual(Residual(Residual(Residual(Residual(nn.ReLU()))))))", "nested at most 4 deep"),
        ("nn.Sequential(Parallel(*[nn.ReLU()] * 9))", "Line 1: .*at most 8"),
        ("nn.Sequential(Residual(3))", r"Line 1: Residual takes layers, or nn\.Sequential"),
        ("class A(nn.Module):\n def __init__(self, n):\n  pass\n def forward(self, x): return x", r"Line 2: A also needs n, and nothing in this text makes one"),
        ("class A(nn.Module):\n def forward(self, x, y): return x", r"forward \(line 2\) also needs y;"),
        ("class A(nn.Module):\n pass\nmodel = A()", r"Line 1: A \(line 1\) has no forward"),
        ("class A(nn.Module):\n @torch.no_grad()\n def forward(self, x): return x", "functions with decorators"),
        ("class A: pass\nnn.Sequential(A())", "nn.Sequential takes layers; one of its arguments is none"),
        ("from other import Base\nclass B(Base):\n pass\nmodel = B()", r"Line 4: B derives from Base \(line 2\), whose code is not in this text"),
        ("class A(nn.Module):\n def __init__(self):\n  self.a = nn.ReLU()\n def forward(self, x): return self.a(x)", r"Line 3: torch takes no layers before super\(\)"),
        ("nn.Sequential(nn.Conv2d(4, 4, 3), nn.Softmax())\n# x: (N, 4, 9)", r"expects a sample with axes"),
        ("# x: (N, 4, 9)\nnn.Sequential(nn.Softmax())", r"Line 2: nn\.Softmax without a dim works along the batch here"),
    ],
)  # fmt: skip
def test_a_text_without_one_clear_net_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(DesignError, match=message):
        from_code(text, (4,))


def test_a_class_named_residual_that_does_something_else_is_read_as_it_is_written() -> None:
    own = "class Residual(nn.Module):\n def __init__(self, n):\n  super().__init__()\n  self.fc = nn.Linear(n, n)\n"
    text = f"{own} def forward(self, x): return self.fc(x)\nmodel = nn.Sequential(Residual(4), nn.ReLU())"
    assert from_code(text, (4,)).layers == (Linear(out_features=4), ReLU())


def test_the_later_of_two_classes_of_one_name_counts() -> None:
    assert from_code(f"{LAB.replace('kernel_size=10', 'kernel_size=3')}\n{LAB}", (1, 99, 26)) == LAB_DESIGN


def test_blocks_come_back_as_blocks() -> None:
    for style in STYLES:
        again = from_code(to_code(NESTED, style))
        assert again == canonical(NESTED)
        assert any(isinstance(layer, Block) for layer in again.layers)
