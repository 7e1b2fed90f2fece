"""Remarks on pasted code: what it does and a design does not."""

import pytest
import torch

from cnnviz.architecture import build_model
from cnnviz.errors import DesignError
from cnnviz.source import read_code
from tests.source.nets import HEAD, net
from tests.source.test_real_code import SHAPE, run_code, set_parameters

TWO = "self.a = nn.Conv2d(3, 4, 3, padding=1)\nself.b = nn.Conv2d(4, 4, 3, padding=1)"

CUTS = {
    "detach": "x = self.a(x).detach()\nreturn self.b(x)",
    "detach in place": "x = self.a(x)\nx.detach_()\nreturn self.b(x)",
    "data": "x = self.a(x)\nreturn self.b(x.data)",
    "no_grad": "with torch.no_grad():\n    x = self.a(x)\nreturn self.b(x)",
    "returned under no_grad": "with torch.no_grad():\n    return self.b(self.a(x))",
    "grad enabled": "with torch.set_grad_enabled(True):\n    x = self.a(x)\nreturn self.b(x)",
    "detach on one of two paths": "x = self.a(x)\nreturn self.b(x) + x.detach()",
    "detach on the path of the layers": "x = self.a(x)\nreturn self.b(x).detach() + x",
    "detach of all": "x = self.a(x)\nreturn (self.b(x) + x).detach()",
    "detach inside a path": "x = self.a(x)\nreturn self.b(x.detach()) + x.detach()",
    "detach of the input": "return self.b(self.a(x.detach()))",
}


@pytest.mark.parametrize("name", CUTS)
def test_a_layer_that_gets_no_gradient_is_told_exactly_where_torch_gives_it_none(name: str) -> None:
    text = net(TWO, CUTS[name])
    reading = read_code(HEAD + text, SHAPE)
    theirs, ours = run_code(text), build_model(reading.architecture).eval()
    set_parameters(ours)
    set_parameters(theirs)
    x = torch.randn(2, *SHAPE)
    outputs = theirs(x.clone())
    torch.testing.assert_close(ours(x.clone()), outputs)
    if outputs.requires_grad:
        outputs.sum().backward()
    lines = {number: place for place, number in zip("ab", (18, 19), strict=True)}
    without = {place for place in "ab" if theirs.get_parameter(f"{place}.weight").grad is None}
    assert {place for line, place in lines.items() if any(f"(line {line})" in r for r in reading.remarks)} == without


def test_layers_that_the_output_does_not_come_from_are_listed_once() -> None:
    text = net(
        TWO + "\nself.spare = nn.Linear(4, 4)\nself.drops = nn.ModuleList([nn.Dropout(), nn.Dropout(0.2)])",
        "unused = self.spare\nreturn self.drops[1](self.a(x))",
    )
    (remark,) = read_code(HEAD + text, SHAPE).remarks
    assert remark == (
        "What the net returns does not come from self.b (nn.Conv2d, line 19), self.spare (nn.Linear, line 20) and"
        " self.drops[0] (nn.Dropout, line 21): left out of the design."
    )


def test_a_net_of_which_all_is_used_gets_no_remark() -> None:
    assert read_code(HEAD + net(TWO, "return self.b(self.a(x))"), SHAPE).remarks == ()


@pytest.mark.parametrize(
    "forward",
    [
        "y = x.view(x.size(0), -1)\nF.relu_(y)\nreturn x",
        "y = torch.flatten(x, 1)\nF.relu_(x)\nreturn y",
        "y = x.detach()\nF.relu_(y)\nreturn x",
        "y = x.data\ny += self.conv(x)\nreturn x",
    ],
)
def test_what_is_changed_through_another_name_is_refused_not_overlooked(forward: str) -> None:
    text = net("self.conv = nn.Conv2d(3, 3, 3, padding=1)", "x = self.conv(x)\n" + forward)
    with pytest.raises(DesignError, match=r"Line \d+: an operation changes, in place, a tensor that shares"):
        read_code(HEAD + text, SHAPE)


@pytest.mark.parametrize(
    "forward",
    ["return F.dropout(self.a(x))", "x = self.a(x)\nx = F.dropout2d(x, 0.2, True)\nreturn self.b(x)"],
)
def test_a_dropout_that_torch_leaves_on_in_evaluation_is_told(forward: str) -> None:
    text, x = net(TWO, forward), torch.ones(2, *SHAPE)
    theirs = run_code(text)
    assert any(not torch.equal(theirs(x), theirs(x)) for _ in range(20)), "torch drops in evaluation"
    assert any("drops while a net is evaluated, too" in remark for remark in read_code(HEAD + text, SHAPE).remarks)


@pytest.mark.parametrize("p", ["self.training", "training=self.training"])
def test_a_dropout_that_follows_the_mode_is_not_told(p: str) -> None:
    text = net(TWO, f"return self.b(F.dropout(self.a(x), 0.5, {p}))")
    assert read_code(HEAD + text, SHAPE).remarks == ()


@pytest.mark.parametrize(
    ("returned", "number"),
    [("y, F.softmax(y, dim=1)", 1), ("F.softmax(y, dim=1), y", 1), ("x, y", 2), ("{'y': y, 'x': x}", 1)],
)
def test_which_of_several_outputs_is_the_designs_is_told(returned: str, number: int) -> None:
    text = net(TWO, f"x = self.a(x)\ny = self.b(x)\nreturn {returned}")
    reading = read_code(HEAD + text, SHAPE)
    theirs, ours = run_code(text), build_model(reading.architecture).eval()
    set_parameters(ours)
    set_parameters(theirs)
    outputs = theirs(torch.ones(2, *SHAPE))
    outputs = list(outputs.values()) if isinstance(outputs, dict) else outputs
    torch.testing.assert_close(ours(torch.ones(2, *SHAPE)), outputs[number - 1])
    assert reading.remarks == (f"The net returns 2 values; a design has one output, here number {number}.",)
