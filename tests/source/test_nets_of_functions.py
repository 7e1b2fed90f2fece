"""A net that only functions make is read as that of the function that the text runs; what else they make is told."""

# ruff: noqa: E501 (lines of messages)

import pytest

from cnnviz.errors import DesignError
from cnnviz.source import from_code, read_code
from tests.source.nets import HEAD
from tests.source.nets_of_functions import OF_FUNCTIONS, run_by_python
from tests.source.test_everyday import check
from tests.source.test_real_code import SHAPE


@pytest.mark.parametrize("name", OF_FUNCTIONS)
def test_a_net_of_a_function_is_read_as_torch_makes_it(name: str) -> None:
    text, net = OF_FUNCTIONS[name]
    check(text, SHAPE, run=run_by_python(text, net))


@pytest.mark.parametrize(
    ("name", "remark"),
    [
        ("factories, and a test that takes the second", "This is the net of test (line 28); net7 (line 22) makes another one. To read that, add a line model = net7()."),
        ("a class with defaults, and factories of others", "This is Net with its defaults; wide (line 22) makes another one. To read that, add a line model = wide()."),
        ("two classes, one of them for other samples", "This is Net (line 13); Other (line 22): used nowhere, and not for such samples."),
        ("a function that a library decorates", "Line 23: @streamlit.cache_resource is not in this text; it is taken to leave load as it is."),
        ("factories of several blocks", "This is the net of first (line 36); second (line 39) makes another one. To read that, add a line model = second()."),
    ],
)  # fmt: skip
def test_of_several_nets_it_is_told_which_is_read(name: str, remark: str) -> None:
    assert read_code(HEAD + OF_FUNCTIONS[name][0], SHAPE).remarks == (remark,)


def test_a_net_whose_name_was_another_ones_before_is_told() -> None:
    text = HEAD + OF_FUNCTIONS["a factory"][0] + "for width in (3, 6):\n    net = Net(width)\n"
    assert read_code(text, SHAPE).remarks == (
        "The code makes several nets named net, one after the other; this is the last.",
    )


NEEDS_WIDTH = HEAD + OF_FUNCTIONS["a factory"][0].partition("def net7")[0]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("", r"Line \d+: Net also needs width, and nothing in this text makes one\..* model = Net\(width=…\)"),
        ("nets = [Net(w) for w in (3, 4)]", r"The code holds 2 nets"),
        ("nets = {'a': Net(3), 'b': Net(4)}", r"The code holds 2 nets"),
        ("def main(cfg):\n    model = Net(cfg.width)\n", r"Line 22: main gets cfg from where it is called"),
        (
            "def main():\n    model = Net(settings.width)\n",
            r"Line 23: .*settings has no value that could be worked out",
        ),
        ("def main():\n    model = Net(4)\n    model.conv = what()\n", r"Line 24: .*what has no value"),
        (
            "from models.blocks import Block\nmodel = nn.Sequential(Block(3))",
            r"Line 23: .*Block comes from models\.blocks",
        ),
        (
            "from .blocks import Conv2d\nmodel = nn.Sequential(Conv2d(3, 3, 1))",
            r"Line 23: .*Conv2d comes from \.blocks",
        ),
    ],
)
def test_a_net_that_cannot_be_made_is_refused_with_the_line_and_the_reason(more: str, reason: str) -> None:
    with pytest.raises(DesignError, match=reason):
        from_code(NEEDS_WIDTH + more, SHAPE)


@pytest.mark.parametrize(
    ("pattern", "plain"),
    [
        ("rearrange(x, 'b c h w -> b (c h w)')", "x.flatten(1)"),
        ("rearrange(x, 'b c h w -> b c (h w)')", "x.flatten(2, 3)"),
        ("rearrange(F.adaptive_avg_pool2d(x, 1), 'b c 1 1 -> b c')", "F.adaptive_avg_pool2d(x, 1).flatten(1)"),
        ("reduce(x, 'b c h w -> b c', 'mean')", "x.mean((2, 3))"),
        ("Rearrange('b c h w -> b c (h w)')(x)", "nn.Flatten(2, 3)(x)"),
    ],
)
def test_a_pattern_of_einops_is_the_flatten_or_pool_that_it_says(pattern: str, plain: str) -> None:
    head = "from einops import rearrange, reduce\nfrom einops.layers.torch import Rearrange\n"
    form = "class Net(nn.Module):\n    def forward(self, x):\n        return {}\n"
    assert from_code(head + form.format(pattern), SHAPE) == from_code(form.format(plain), SHAPE)


@pytest.mark.parametrize(
    "pattern",
    ["b c h w -> b h w c", "b c h w -> (b c) h w", "b c h w -> b (h c) w", "b (c g) h w -> b c g h w", "b c h w"],
)
def test_a_pattern_that_moves_axes_is_refused(pattern: str) -> None:
    text = f"from einops import rearrange\nclass Net(nn.Module):\n    def forward(self, x):\n        return rearrange(x, '{pattern}')\n"
    with pytest.raises(DesignError, match=r"Line 4: .*(a design|the axes)"):
        from_code(text, SHAPE)
