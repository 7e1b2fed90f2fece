"""Nets as people publish them are read as the net that torch makes of them."""

from contextlib import suppress

import pytest
import torch

from cnnviz.architecture import build_model
from cnnviz.errors import DesignError
from cnnviz.source import from_code
from tests.source.easily_misread import MISREAD
from tests.source.everyday_nets import EVERYDAY
from tests.source.nets import HEAD, net
from tests.source.test_real_code import SHAPE, run_code, set_parameters, used_parameters


def check(text: str, shape: tuple[int, ...], run: str = "") -> None:
    """What is read of a text has the parameters and the outputs of the net that Python makes of it, or of `run`.

    Parameters are compared in the order in which they are used; axes of length 1 may be left out.
    """
    theirs, ours = run_code(run or text), build_model(from_code(HEAD + text, shape)).eval()
    x = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))
    our_parameters, their_parameters = used_parameters(ours, x), used_parameters(theirs, x)
    assert [p.shape for p in our_parameters] == [p.shape for p in their_parameters]
    set_parameters(ours, our_parameters)
    set_parameters(theirs, their_parameters)
    with torch.no_grad():
        for parameter in (*our_parameters, *their_parameters):  # so that deep nets stay exact
            parameter.div_(parameter[0].numel() ** 0.5)
    with torch.inference_mode():
        expected = theirs(x.clone())
        expected = expected[0] if isinstance(expected, tuple) else expected
        outputs = ours(x.clone())
    torch.testing.assert_close(without_ones(outputs), without_ones(expected))


def without_ones(outputs: torch.Tensor) -> torch.Tensor:
    """Outputs without the axes of length 1 of a sample."""
    return outputs.reshape(len(outputs), *(size for size in outputs.shape[1:] if size > 1))


@pytest.mark.parametrize("name", EVERYDAY)
def test_an_everyday_net_is_read_as_torch_makes_it(name: str) -> None:
    check(*EVERYDAY[name])


@pytest.mark.parametrize("name", MISREAD)
def test_what_is_easily_misread_is_read_as_torch_makes_it_or_refused(name: str) -> None:
    with suppress(DesignError):
        check(MISREAD[name], SHAPE)


REFUSED = {
    "a number added": ("return self.conv(x) + 1", r"a design can multiply a tensor by a number, and add none to it"),
    "a number divided": ("return 1 / self.conv(x)", r"a design can multiply a tensor by a number"),
    "a tensor divided": ("return x / self.conv(x)", r"`return x / self\.conv\(x\)` is not understood"),
    "a factor for each channel": (
        "return self.conv(x) * torch.ones(1, 3, 1, 1)",
        r"what is joined here does not come from the same tensor",
    ),
    "a maximum of branches": (
        "return torch.stack([self.conv(x), x]).max(0)[0]",
        r"what torch\.stack puts on an axis of its own can only be added up or averaged",
    ),
    "branches on an axis of their own": (
        "return F.relu(torch.stack([self.conv(x), x], 1))",
        r"`return F\.relu\(torch\.stack",
    ),
    "a sum over an axis": ("return self.conv(x).sum(2)", r"no layer adds up an axis; a mean over it is a pool"),
    "a bound above alone": ("return self.conv(x).clamp(max=6)", r"no layer cuts values off above alone"),
    "bounds that are tensors": ("return torch.clamp(self.conv(x), x, x)", r"its bounds must be numbers"),
    "a part of the channels": ("return self.conv(x)[:, :2]", r"no layer takes a part of the channels"),
    "one sample": (
        "return self.conv(x)[0]",
        r"of one sample of a batch, only the shape is known|does not return one tensor",
    ),
    "a place that there is not": ("return self.conv(x)[:, :, 16]", r"only places from 0 to 16 of an axis"),
    "too many axes": ("return self.conv(x)[:, :, :, :, 0]", r"the tensor has 4 axes here"),
    "an axis more in the middle": ("return self.conv(x)[:, None]", r"an axis of length 1 only to the input itself"),
    "a row before a norm": (
        "x = F.adaptive_avg_pool2d(self.conv(x), 1).flatten(2).permute(0, 2, 1)\nreturn F.layer_norm(x, (3,)) + x",
        r"is not understood|leaves a row of numbers with axes of length 1 around it",
    ),
    "a softmax along an axis of length 1": (
        "x = F.adaptive_avg_pool2d(self.conv(x), 1).flatten(2).permute(0, 2, 1)\nreturn F.log_softmax(x, dim=1)",
        r"leaves a row of numbers with axes of length 1 around it",
    ),
    "a stretched tensor": (
        "y = F.adaptive_avg_pool2d(self.conv(x), 1)\nreturn x + y.expand_as(x)",
        r"`y\.expand_as\(x\)` stretches axes of length 1; a design can only multiply",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_layer_does_is_refused_with_the_line_and_the_reason(name: str) -> None:
    forward, reason = REFUSED[name]
    text = net("self.conv = nn.Conv2d(3, 3, 3, padding=1)", forward)
    with pytest.raises(DesignError, match=reason) as caught:
        from_code(HEAD + text, SHAPE)
    assert str(caught.value).startswith("Line ")


def test_a_generator_may_yield_only_where_it_is_followed() -> None:
    before = "def widths():\n    n = yield 4\n    yield n"
    text = net("self.conv = nn.Conv2d(3, next(widths()), 3)", "return self.conv(x)", before=before)
    with pytest.raises(DesignError, match=r"a generator here yields in plain statements, loops and if"):
        from_code(HEAD + text, SHAPE)


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    yield from f()\n\nmodel = nn.Sequential(*f())",
        "def f():\n    while True:\n        yield nn.ReLU()\n\nmodel = nn.Sequential(*f())",
        "def f():\n    yield from g\n\ng = f()\nmodel = nn.Sequential(*g)",
        "g = iter([nn.ReLU()])\nfor _ in range(9000):\n    g = map(lambda m: m, g)\nmodel = nn.Sequential(*g)",
        "g = iter([nn.ReLU()])\nfor _ in range(9000):\n    g = zip(g)\nmodel = nn.Sequential(*g)",
        "model = nn.Sequential(*map(nn.ReLU, iter(int, 1)))",
        "x = [nn.ReLU()]\nfor m in x:\n    x.append(m)\nmodel = nn.Sequential(*x)",
        "model = nn.Sequential(nn.Linear(1, int(f'{1:0999999999}')))",
        "model = nn.Sequential(nn.Linear(1, len('a'.replace('', 'b' * 999).replace('b', 'c' * 999))))",
    ],
)
def test_an_iterator_without_end_or_bottom_ends_in_a_reason(text: str) -> None:
    with pytest.raises(DesignError):
        from_code(HEAD + text, (1,))


@pytest.mark.parametrize(
    "wrapped",
    [
        "nn.DataParallel(model)",
        "nn.parallel.DistributedDataParallel(model, device_ids=[0])",
        "torch.compile(model, mode='reduce-overhead')",
        "torch.jit.script(model)",
    ],
)
def test_what_computes_the_same_is_the_net_inside(wrapped: str) -> None:
    text = HEAD + net("self.conv = nn.Conv2d(3, 4, 3)", "return self.conv(x)")
    assert from_code(f"{text}\nmodel = {wrapped}\n", SHAPE) == from_code(text, SHAPE)


def test_saved_hyperparameters_are_the_arguments() -> None:
    init = "{}self.conv = nn.Conv2d(3, {}.width, self.{}.k)"
    forward, parameters = "return self.conv(x)", "width, k=3, **more"
    saved = net(init.format("self.save_hyperparameters()\n", "self.hparams", "hparams"), forward, parameters)
    saved = "import pytorch_lightning as pl\n" + saved.replace("nn.Module", "pl.LightningModule")
    plain = net("self.conv = nn.Conv2d(3, width, k)", forward, parameters)
    make = "model = Net(5, k=1)"
    assert from_code(HEAD + saved.replace("model = Net()", make), SHAPE) == from_code(
        HEAD + plain.replace("model = Net()", make), SHAPE
    )
