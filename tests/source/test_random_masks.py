"""A branch that code leaves out in training is read as a StochasticDepth, and other random numbers are refused."""

import pytest
import torch

from cnnviz.errors import DesignError
from cnnviz.layers import StochasticDepth
from cnnviz.source import from_code
from tests.source.nets import HEAD, net
from tests.source.test_everyday import check
from tests.source.test_real_code import SHAPE, run_code

P = 0.25
TRAINED = {
    "raised and rounded": "shape = (x.shape[0],) + (1,) * (x.ndim - 1)\n"
    "mask = keep + torch.rand(shape, device=x.device)\nmask.floor_()\nreturn x.div(keep) * mask",
    "compared": "return torch.div(x, keep) * (torch.rand(x.shape[0], 1, 1, 1, device=x.device) < keep)",
    "compared with what is left out": "mask = (torch.rand((x.size(0), 1, 1, 1)) >= self.p).float()\n"
    "return x / keep * mask",
    "drawn": "mask = x.new_empty((x.shape[0], 1, 1, 1)).bernoulli_(keep)\nif keep > 0.0:\n    mask.div_(keep)\n"
    "return x * mask",
    "in place": "mask = torch.empty(x.size(0), 1, 1, 1).bernoulli_(keep)\nx = x.clone()\nx.div_(keep)\nx.mul_(mask)\n"
    "return x",
    "rounded by a function": "return x / keep * torch.floor(keep + torch.rand(x.shape[0], 1, 1, 1))",
}
"""What code does with x in training, where a sample is kept with the probability `keep`."""


def drop_path(trained: str, test: str = "not self.training or self.p == 0.0") -> str:
    """A net with a class that leaves out samples in that way."""
    lines = [f"if {test}:", "    return x", "keep = 1 - self.p", *trained.splitlines()]
    body = "\n".join(f"        {line}" for line in lines)
    before = (
        f"class DropPath(nn.Module):\n    def __init__(self, p={P}):\n        super().__init__()\n"
        f"        self.p = p\n\n    def forward(self, x):\n{body}\n"
    )
    init = "self.conv = nn.Conv2d(3, 3, 3, padding=1)\nself.drop_path = DropPath()"
    return net(init, "return x + self.drop_path(self.conv(x))", before=before)


@pytest.mark.parametrize("name", TRAINED)
def test_an_own_drop_path_is_a_stochastic_depth(name: str) -> None:
    text = drop_path(TRAINED[name])
    check(text, SHAPE)
    left_out = [layer for _, layer in from_code(HEAD + text, SHAPE).iter_layers() if isinstance(layer, StochasticDepth)]
    assert [layer.p for layer in left_out] == [P]
    path = run_code(text).train().get_submodule("drop_path")
    torch.manual_seed(0)
    factors = path(torch.ones(400, 3, 2, 2))[:, 0, 0, 0]
    assert {round(float(factor), 4) for factor in factors} == {0.0, round(1 / (1 - P), 4)}
    assert abs(float((factors == 0).float().mean()) - P) < 0.1


@pytest.mark.parametrize(
    "trained",
    [
        "return x * (torch.rand(x.shape[0], 1, 1, 1) < keep)",
        "return x / self.p * (torch.rand(x.shape[0], 1, 1, 1) < keep)",
        "return x / keep * (torch.rand(x.shape[0], 3, 1, 1) < keep)",
        "return x / keep * (torch.rand(x.shape[0], 1, 1) < keep)",
        "return torch.relu(x / keep * (torch.rand(x.shape[0], 1, 1, 1) < keep))",
        "return x + torch.randn_like(x)",
        "return 2 * x",
    ],
)
def test_what_a_net_does_otherwise_in_training_is_refused(trained: str) -> None:
    with pytest.raises(DesignError, match=r"Line \d+: .*a design has the same layers in training and in evaluation"):
        from_code(HEAD + drop_path(trained), SHAPE)


def test_an_own_drop_path_that_leaves_nothing_out_is_no_layer() -> None:
    text = drop_path(TRAINED["drawn"], test="self.p == 0.0 or not self.training").replace(f"p={P}", "p=0.0")
    assert not any(isinstance(layer, StochasticDepth) for _, layer in from_code(HEAD + text, SHAPE).iter_layers())
