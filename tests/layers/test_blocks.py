"""A block declares its stacks and their join; all else follows, for a kind that nobody has heard of, too."""

from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save
from torch import nn

from cnnviz.architecture import Architecture, build_model, iter_modules, trace
from cnnviz.architecture.weights import read_weights
from cnnviz.errors import DesignError, ShapeError
from cnnviz.layers import PALETTE, Block, Conv1d, Conv2d, MaxPool2d, Parallel, ReLU, Residual, family
from cnnviz.share import from_token, to_token
from cnnviz.table import to_markdown
from tests.layers.new_block import Gated, in_palette
from tests.strategies import layers, shapes
from tests.torch_oracle import our_output_shape, torch_multiply_adds, torch_result

CONV = Conv2d(out_channels=2, kernel_size=3, padding=1)


@pytest.fixture(scope="module", autouse=True)
def _gated_in_palette() -> Iterator[None]:
    with in_palette(Gated):
        yield


@pytest.fixture
def gated() -> Gated:
    return Gated(gate=(CONV,), paths=((CONV, ReLU()), (Conv2d(out_channels=2, kernel_size=1),)))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_shape_parameters_and_refusal_of_a_new_kind_are_torchs(data: st.DataObject) -> None:
    layer, shape = data.draw(layers("Gated")), data.draw(shapes)
    expected, parameters = torch_result(layer, shape)
    assert our_output_shape(layer, shape) == expected, (layer, shape)
    if expected is not None:
        assert layer.parameters(shape) == parameters
        assert layer.multiply_adds(shape) == torch_multiply_adds(layer, shape)


@settings(max_examples=50, deadline=None)
@given(layers("Gated"))
def test_a_new_kind_comes_back_from_json_and_from_a_link(layer: Gated) -> None:
    net = Architecture(input_shape=(3, 8, 8), layers=[Residual(layers=[layer]), layer])
    assert Architecture.from_json(net.to_json()) == net
    assert from_token(to_token(net)) == net


def test_a_new_kind_is_computed_as_declared_and_its_weights_are_named_by_its_fields(gated: Gated) -> None:
    net = Architecture(input_shape=(3, 8, 8), layers=[gated])
    model, x = build_model(net), torch.randn(2, 3, 8, 8)
    weights = model.state_dict()
    assert list(weights) == [
        f"gated1.{stack}.0.{name}" for stack in ("gate", "paths.0", "paths.1") for name in ("weight", "bias")
    ]

    def conv(stack: str, padding: int) -> torch.Tensor:
        weight, bias = weights[f"gated1.{stack}.0.weight"], weights[f"gated1.{stack}.0.bias"]
        return nn.functional.conv2d(x, weight, bias, padding=padding)

    torch.testing.assert_close(model(x), conv("gate", 1) * conv("paths.0", 1).relu() * conv("paths.1", 0))
    paths = [(path, type(module).__name__) for path, module in iter_modules(model)]
    assert paths == [((0, 0, 0), "Conv2d"), ((0, 1, 0), "Conv2d"), ((0, 1, 1), "ReLU"), ((0, 2, 0), "Conv2d")]


def test_the_table_shows_a_new_kind_with_the_layers_in_it(gated: Gated) -> None:
    (step,) = trace(net := Architecture(input_shape=(3, 8, 8), layers=[gated]))
    assert [[inner.layer.kind for inner in stack] for stack in step.stacks] == [
        ["Conv2d"],
        ["Conv2d", "ReLU"],
        ["Conv2d"],
    ]
    assert step.parameters == sum(p.numel() for p in build_model(net).parameters())
    table = to_markdown(net)
    assert "(2 × 8 × 8) · (2 × 8 × 8) · (2 × 8 × 8)" in table
    assert [row.split("|")[1].replace("&emsp;", "").strip() for row in table.splitlines()[3:-1]] == [
        "1", "1.a1", "1.b1", "1.b2", "1.c1",
    ]  # fmt: skip


def test_stacks_of_a_new_kind_are_edited_by_path(gated: Gated) -> None:
    net = Architecture(input_shape=(3, 8, 8), layers=[gated])
    edited = net.update_layer((0, 2, 0), out_channels=5).insert_layer((0, 0, 1), ReLU()).layers[0]
    assert isinstance(edited, Gated)
    assert edited.gate == (CONV, ReLU())
    assert edited.paths[1] == (Conv2d(out_channels=5, kernel_size=1),)
    with pytest.raises(DesignError, match="no layer at this place"):
        net.insert_layer((0, 3, 0), ReLU())


def test_a_mend_of_a_new_kind_names_the_stack_it_changes() -> None:
    refused = Gated(gate=(Conv2d(out_channels=4, kernel_size=3, stride=2, padding=1),), paths=((), (CONV,)))
    (step,) = trace(Architecture(input_shape=(3, 8, 8), layers=[refused]))
    assert step.error == "Layer 1, Gated: cannot multiply 4 × 4 × 4 (gate) by 3 × 8 × 8 (path 1)."
    fitting = "Conv2d with out_channels 4 and kernel_size 1 and stride 2"
    assert step.mends[0].text == f"Use {fitting} as path 1, Use {fitting} as path 2"
    assert trace(step.mends[0].architecture)[0].output_shape == (4, 4, 4)


def test_a_new_kind_belongs_to_the_blocks_and_has_no_field_in_the_form(gated: Gated) -> None:
    assert family("Gated") == "block"
    assert Gated.parameter_names() == ()
    assert Gated.stack_bounds(Gated.stack_fields[1]) == (1, 3)
    assert [gated.stack_title(number) for number in range(3)] == ["gate", "path 1", "path 2"]


def test_other_stacks_leave_the_parameters_of_a_block_alone() -> None:
    class Weighted(Gated):
        strength: float = 1.0

    Weighted.model_rebuild(_types_namespace={"AnyLayer": ReLU})
    other = Weighted(strength=0.5).with_stacks([(ReLU(),), (), ()])
    assert (other.strength, other.gate, other.paths) == (0.5, (ReLU(),), ((), ()))
    assert other.parameter_names() == ("strength",)


@pytest.mark.parametrize(
    ("block", "reason", "mend"),
    [
        (
            Residual(layers=(Conv2d(out_channels=4, kernel_size=3, padding=1),)),
            "cannot add 4 × 8 × 8 and 3 × 8 × 8: 4 × 8 × 8 comes from the layers, but 3 × 8 × 8 from the input",
            "Use Conv2d with out_channels 4 and kernel_size 1 as the projection",
        ),
        (
            Residual(layers=(CONV,), projection=(MaxPool2d(kernel_size=2),)),
            "cannot add 2 × 8 × 8 and 3 × 4 × 4: 2 × 8 × 8 comes from the layers, but 3 × 4 × 4 from the projection",
            "Use Conv2d with out_channels 2 and kernel_size 1 as the projection",
        ),
        (
            Parallel(branches=((), (MaxPool2d(kernel_size=2),))),
            (
                "cannot put 3 × 8 × 8 and 3 × 4 × 4 side by side: branch 1 has a height of 8, branch 2 one of 4;"
                " only the channels may differ"
            ),
            "Let branch 1 and branch 2 keep the size (stride 1, padding)",
        ),
    ],
)
def test_a_block_says_why_its_outputs_cannot_be_joined_and_what_helps(block: Block, reason: str, mend: str) -> None:
    (step,) = trace(Architecture(input_shape=(3, 8, 8), layers=[block]))
    assert step.error == f"Layer 1, {block.kind}: {reason}."
    assert step.mends[0].text == mend
    assert trace(step.mends[0].architecture)[0].output_shape


def test_outputs_with_other_numbers_of_axes_are_not_put_side_by_side() -> None:
    with pytest.raises(ShapeError, match="branch 1 gives 3 axes, branch 2 1") as refusal:
        Parallel(branches=((), (PALETTE["Flatten"](),))).output_shape((3, 8, 8))
    assert refusal.value.changes == ()


def test_weights_stored_by_earlier_versions_fit() -> None:
    """The names of the weights are in files that students have; a stack's field names them for ever."""
    block = Residual(
        layers=(Conv1d(out_channels=2, kernel_size=1),), projection=(Conv1d(out_channels=2, kernel_size=1),)
    )
    net = Architecture(
        input_shape=(2, 5),
        layers=[block, Parallel(branches=((), (ReLU(), Conv1d(out_channels=3, kernel_size=1, bias=False))))],
    )
    stored = {
        "residual1.layers.0.weight": torch.ones(2, 2, 1),
        "residual1.layers.0.bias": torch.ones(2),
        "residual1.projection.0.weight": torch.ones(2, 2, 1),
        "residual1.projection.0.bias": torch.ones(2),
        "parallel1.branches.1.1.weight": torch.ones(3, 2, 1),
    }
    assert read_weights(save(stored), net).keys() == stored.keys()
    assert list(build_model(net).state_dict()) == list(stored)
