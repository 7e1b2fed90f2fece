"""What people really write: read as the net that torch makes of it when the code runs, or refused with the reason."""

from contextlib import suppress

import pytest
import torch
from torch import nn

from cnnviz.architecture import build_model, output_shape
from cnnviz.errors import DesignError
from cnnviz.source import from_code
from tests.source.changed_nets import CHANGED
from tests.source.nets import HEAD, NETS, net

SHAPE = (3, 16, 16)


def run_code(text: str) -> nn.Module:
    """The net that Python itself makes of a text of ours."""
    scope: dict[str, object] = {"__name__": "pasted"}
    exec(HEAD + text, scope)  # noqa: S102 (our own text)
    model = scope["model"]
    assert isinstance(model, nn.Module)
    return model.eval()


def used_parameters(model: nn.Module, x: torch.Tensor) -> list[nn.Parameter]:
    """The parameters of a net in the order in which its layers are first called, without those of unused layers."""
    used: dict[nn.Parameter, None] = {}

    def note(module: nn.Module, *_: object) -> None:
        used.update(dict.fromkeys(module.parameters(recurse=False)))

    hooks = [module.register_forward_hook(note) for module in model.modules()]
    with torch.inference_mode():
        model(x.clone())
    for hook in hooks:
        hook.remove()
    return list(used)


def set_parameters(model: nn.Module, parameters: list[nn.Parameter] | None = None) -> None:
    """Gives the parameters numbers that depend on their order alone."""
    with torch.no_grad():
        for number, parameter in enumerate(model.parameters() if parameters is None else parameters):
            parameter.copy_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(number)))


def check_read(text: str, *, by_use: bool = False) -> None:
    """What is read of a text has the parameters and the outputs of the net that Python makes of it.

    If `by_use`, parameters are compared in the order in which they are used, and unused ones are left out.
    """
    theirs, architecture = run_code(text), from_code(HEAD + text, SHAPE)
    ours = build_model(architecture).eval()
    x = torch.randn(2, *SHAPE, generator=torch.Generator().manual_seed(0))
    our_parameters = used_parameters(ours, x) if by_use else list(ours.parameters())
    their_parameters = used_parameters(theirs, x) if by_use else list(theirs.parameters())
    assert [p.shape for p in our_parameters] == [p.shape for p in their_parameters]
    set_parameters(ours, our_parameters)
    set_parameters(theirs, their_parameters)
    with torch.inference_mode():
        expected = theirs(x.clone())
        expected = expected[0] if isinstance(expected, tuple) else expected
        torch.testing.assert_close(ours(x.clone()), expected)
    assert output_shape(architecture) == expected.shape[1:]


@pytest.mark.parametrize("name", NETS)
def test_it_is_the_net_that_python_makes_of_it(name: str) -> None:
    check_read(NETS[name])


@pytest.mark.parametrize("name", CHANGED)
def test_a_net_that_is_changed_is_never_read_as_the_one_before(name: str) -> None:
    with suppress(DesignError):
        check_read(CHANGED[name], by_use=True)


CONV = "self.conv = nn.Conv2d(3, 3, 3, padding=1)"
SHARED = r"an operation changes, in place, a tensor that shares its numbers with another one"
REFUSED = {
    "a net of a library": (
        "from torchvision import models\n"
        + net("self.conv = nn.Conv2d(3, 4, 3)", "return self.conv(x)").replace(
            "model = Net()", "model = models.resnet18()"
        ),
        r"Line \d+: `model = models\.resnet18\(\)` is not understood",
    ),
    "a base of a library": (
        "from torchvision import models\n"
        + net("self.conv = nn.Conv2d(3, 4, 3)", "return self.conv(x)").replace(
            "model = Net()", "class Wide(models.AlexNet):\n    pass\n\n\nmodel = Wide()"
        ),
        r"Wide derives from AlexNet \(line \d+\), whose code is not in this text",
    ),
    "no super().__init__()": (
        net("self.conv = nn.Conv2d(3, 4, 3)", "return self.conv(x)").replace("        super().__init__()\n", ""),
        r"torch takes no layers before super\(\)\.__init__\(\) was called",
    ),
    "a list in a Sequential": (
        "model = nn.Sequential([nn.Conv2d(3, 4, 3)])",
        r"nn\.Sequential takes layers one by one",
    ),
    "layers in a plain list": (
        net("self.parts = [nn.Conv2d(3, 4, 3)]", "for part in self.parts:\n    x = part(x)\nreturn x"),
        r"the weights of nn\.Conv2d are in a plain list or dict, so they would never learn; use nn\.ModuleList",
    ),
    "a Flatten that is missing": (
        net("self.conv = nn.Conv2d(3, 4, 3)\nself.out = nn.Linear(128, 2)", "return self.out(self.conv(x))"),
        r"a Flatten is missing before it, and then 784 numbers come in",
    ),
    "a factory that fails": (
        net("self.conv = nn.Conv2d(3, n, 3)", "return self.conv(x)", "n").replace(
            "model = Net()", "def make():\n    n = load_the_number()\n    return Net(n)\n\n\nmodel = make()"
        ),
        r"load_the_number has no value that could be worked out",
    ),
    "layers by the number of calls": (
        net(
            "self.n = 0\nself.conv = nn.Conv2d(3, 4, 3)",
            "self.n += 1\nx = self.conv(x)\nreturn x if self.n > 1 else F.relu(x)",
        ),
        r"what is set here makes the net another one in the next batch",
    ),
    "a change that is not followed": (
        net("self.conv = nn.Conv2d(3, 4, 3)", "return self.conv(x)")
        + "for m in model.modules():\n    m.stride = (2, 2)\n",
        r"it may change the layers that it goes through",
    ),
    "layers of training alone": (
        net("self.conv = nn.Conv2d(3, 4, 3)", "x = self.conv(x)\nreturn F.relu(x) if self.training else x"),
        r"a design has the same layers in training and in evaluation",
    ),
    "weights that forward changes": (
        "class Normed(nn.Conv2d):\n    def forward(self, x):\n"
        "        self.weight.data = torch.renorm(self.weight.data, 2, 0, 1)\n        return super().forward(x)\n"
        + net("self.conv = Normed(3, 4, 3)", "return self.conv(x)"),
        r"it changes weights in every batch, which no layer does",
    ),
    "a convolution of its own": (
        "class Own(nn.Conv2d):\n    def _conv_forward(self, x, w, b):\n"
        "        return super()._conv_forward(x, w * 2, b)\n" + net("self.conv = Own(3, 4, 3)", "return self.conv(x)"),
        r"Own \(line \d+\) has its own _conv_forward, which is not followed",
    ),
    "a layer that is changed after it was made": (
        "class Own(nn.Conv2d):\n    pass\n"
        + net("self.conv = Own(3, 4, 3)\nself.conv.kernel_size = (5, 5)", "return self.conv(x)"),
        r"kernel_size of a layer is set here after it was made",
    ),
    "bases that contradict each other": (
        "class A(nn.Module): pass\nclass B(A): pass\nclass C(A, B):\n    def forward(self, x): return x\nmodel = C()",
        r"the bases of C contradict each other",
    ),
    "several tensors in a Sequential": (
        (
            "class Two(nn.Module):\n    def forward(self, x): return torch.tanh(x), x\n\n\n"
            "model = nn.Sequential(Two(), nn.ReLU())"
        ),
        r"a layer here gets several tensors",
    ),
    "numpy's floor is a float": (
        net("self.conv = nn.Conv2d(3, np.floor(4.5), 3)", "return self.conv(x)"),
        r"nn\.Conv2d\(out_channels=4\.0\): it should be",
    ),
    "several outputs side by side": (
        net("self.a = nn.Conv2d(3, 4, 3)\nself.b = nn.Conv2d(3, 4, 3)", "return self.a(x), self.b(x)"),
        r"2 tensors are returned here",
    ),
    "the axes turned around": (
        net("self.conv = nn.Conv2d(3, 4, 3)", "return self.conv(x.permute(0, 3, 1, 2))"),
        r"the axes of a sample stay in their order",
    ),
    "a split view of what is multiplied in place": (
        net(CONV, "y = self.conv(x)\nz = y.view(-1, 3, 4, 4, 16)\ny *= x\nreturn z"),
        SHARED,
    ),
    "a split view of what a function changes": (
        net(CONV, "y = self.conv(x)\nz = y.view(y.size(0), 3, 4, 4, 16)\nF.relu_(y)\nreturn z"),
        SHARED,
    ),
    "a split view of what a layer changes": (
        net(
            f"{CONV}\nself.act = nn.ReLU(inplace=True)\nself.split = nn.Unflatten(2, (4, 4))",
            "y = self.conv(x)\nz = self.split(y)\ny = self.act(y)\nreturn z",
        ),
        SHARED,
    ),
    "a factor that would grow in place": (
        net("self.gate = nn.Conv2d(3, 1, 1)", "g = self.gate(x)\ng *= x\nreturn g"),
        r"an operation in place keeps the shape of its left side, 1 × 16 × 16, but 3 × 16 × 16 come out",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_the_line_and_the_reason(name: str) -> None:
    text, reason = REFUSED[name]
    with pytest.raises(DesignError, match=reason) as caught:
        from_code(HEAD + text, SHAPE)
    assert str(caught.value).startswith("Line ")


def test_torch_refuses_a_factor_that_would_grow_in_place_too() -> None:
    with pytest.raises(RuntimeError, match="doesn't match the broadcast shape"):
        run_code(REFUSED["a factor that would grow in place"][0])(torch.rand(2, *SHAPE))


def test_a_gate_may_be_multiplied_in_place_where_its_shape_stays() -> None:
    check_read(net("self.gate = nn.Conv2d(3, 1, 1)", "g = self.gate(x)\nx = x.clone()\nx *= g\nreturn x"))
