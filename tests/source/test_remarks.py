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
