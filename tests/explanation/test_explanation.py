"""The table of a live module, judged by torch's own forward pass and by the trace of its design."""

from __future__ import annotations

import warnings

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn
from torch.nn import functional

from cnnviz import explain
from cnnviz.architecture import Architecture, build_model, iter_modules, iter_steps, trace
from cnnviz.errors import DesignError
from cnnviz.explanation import ExplainedRow, Explanation
from cnnviz.layers import Block
from cnnviz.presets import PRESETS
from cnnviz.share import from_token
from cnnviz.table import totals
from tests.strategies import architectures, buildable_nets

LAB = PRESETS["lab-convnet"].architecture


class FunctionalNet(nn.Module):
    """A net whose pools and activations are functions, and that flattens by view."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, 5)
        self.conv2 = nn.Conv2d(10, 20, 5)
        self.drop = nn.Dropout2d()
        self.fc1 = nn.Linear(320, 50)
        self.fc2 = nn.Linear(50, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(functional.max_pool2d(self.conv1(x), 2))
        x = torch.relu(functional.max_pool2d(self.drop(self.conv2(x)), 2))
        x = x.view(-1, 320)
        x = functional.relu(self.fc1(x))
        x = functional.dropout(x, training=self.training)
        return functional.log_softmax(self.fc2(x), dim=1)


class ResidualNet(nn.Module):
    """A block as people write it: a sum in forward, and a mean as the global pool."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.conv1 = nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(16)
        self.shortcut = nn.Conv2d(8, 16, 1, stride=2)
        self.head = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.stem(x))
        out = self.norm(self.conv1(x))
        out += self.shortcut(x)
        return self.head(functional.relu(out).mean((2, 3)))


def real_leaf_shapes(module: nn.Module, shape: tuple[int, ...]) -> list[tuple[str, tuple[int, ...]]]:
    """Name of every leaf that a real forward pass calls, and the shape of one sample that it returns."""
    found: list[tuple[str, tuple[int, ...]]] = []
    handles = [
        part.register_forward_hook(lambda _, __, out, name=name: found.append((name, tuple(out.shape[1:]))))
        for name, part in module.named_modules()
        if not list(part.children()) and type(part) is not nn.Sequential
    ]
    was_training = module.training
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        module.eval()(torch.rand(2, *shape))
    for handle in handles:
        handle.remove()
    module.train(was_training)
    return found


def assert_same_outputs(built: nn.Module, module: nn.Module, shape: tuple[int, ...]) -> None:
    """Asserts that the one module computes what the other one does, with the same weights in their order."""
    weights = zip(built.state_dict(), module.state_dict().values(), strict=True)
    built.load_state_dict(dict(weights))
    x = torch.rand(2, *shape)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        torch.manual_seed(0)  # a fractional pool draws its windows in evaluation, too
        expected = module.eval()(x)
        torch.manual_seed(0)
        torch.testing.assert_close(built.eval()(x), expected, equal_nan=True, rtol=0, atol=0)


def leaf_rows(table: Explanation, module: nn.Module) -> list[ExplainedRow]:
    names = {name for name, _ in module.named_modules()}
    return [row for row in table.rows if row.name in names]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_has_the_numbers_of_its_design(name: str) -> None:
    design = PRESETS[name].architecture
    module = build_model(design)
    table = explain(module, design.input_shape)
    steps = {step.path: step for step in iter_steps(trace(design))}
    sums = totals(trace(design))
    assert table.error is None
    assert table.totals.parameters == sums.parameters == sum(p.numel() for p in module.parameters())
    assert table.totals.multiply_adds == sums.multiply_adds
    assert table.totals.activation_bytes == sums.activation_bytes
    assert table.totals.parameters_without_row == 0
    for row, (path, _) in zip(leaf_rows(table, module), iter_modules(module), strict=True):
        step = steps[path]
        assert row.kind == step.layer.kind
        assert row.output_shapes == (step.output_shape,)
        assert row.formula == step.formula
        assert (row.parameters, row.multiply_adds) == (step.parameters, step.multiply_adds)
        assert row.receptive_field == step.receptive_field
    assert table.rows[-1].receptive_field == trace(design)[-1].receptive_field
    assert table.architecture == design
    assert table.not_stackable is None


@settings(max_examples=150, deadline=None)
@given(buildable_nets())
def test_a_generated_net_has_torchs_shapes(design: Architecture) -> None:
    module = build_model(design)
    table = explain(module, design.input_shape)
    assert table.error is None
    assert [(row.name, row.output_shape) for row in leaf_rows(table, module)] == real_leaf_shapes(
        module, design.input_shape
    )
    assert table.totals.parameters == totals(trace(design)).parameters
    assert table.totals.multiply_adds == totals(trace(design)).multiply_adds
    assert not [note for row in table.rows for note in row.notes]
    assert table.architecture is not None, table.not_stackable
    assert_same_outputs(build_model(table.architecture), module, design.input_shape)


@settings(max_examples=150, deadline=None)
@given(architectures())
def test_a_net_cut_behind_its_refusing_layer_fails_there_for_its_reason(design: Architecture) -> None:
    steps = trace(design)
    if not steps or not steps[-1].error or any(isinstance(step.layer, Block) for step in steps):
        return
    *fit, refused = steps
    before = refused.input_shape
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            modules = [step.layer.build_module(step.input_shape) for step in fit]
            modules.append(refused.layer.build_module(before))
            nn.Sequential(*modules).eval()(torch.zeros(2, *design.input_shape))
    except (RuntimeError, ValueError, IndexError, AssertionError):
        pass
    else:  # torch takes in evaluation mode, or for a batch of two, what it refuses elsewhere
        return
    if len(modules) == len(fit):  # torch refuses to make it
        return
    table = explain(nn.Sequential(*modules), design.input_shape)
    assert [row.output_shape for row in table.rows[:-1]] == [step.output_shape for step in fit]
    assert table.rows[-1].error is not None
    assert table.rows[-1].error.lower() in f"{refused.error} ".lower()
    assert table.totals.parameters == sum(p.numel() for m in modules for p in m.parameters())


def test_functions_that_are_layers_are_rows_too() -> None:
    table = explain(FunctionalNet(), (1, 28, 28))
    assert [row.kind for row in table.rows] == [
        "Conv2d", "MaxPool2d", "ReLU", "Conv2d", "Dropout2d", "MaxPool2d", "ReLU", "Flatten", "Linear", "ReLU",
        "Dropout", "Linear", "LogSoftmax",
    ]  # fmt: skip
    assert [row.output_shape for row in table.rows[5:8]] == [(20, 4, 4), (20, 4, 4), (320,)]
    assert table.rows[7].formula == "20 · 4 · 4 = 320"
    assert table.architecture is not None
    assert totals(trace(table.architecture)).parameters == 21_840


def test_a_sum_in_forward_is_a_residual_block() -> None:
    net = ResidualNet()
    table = explain(net, (3, 16, 16))
    assert [row.kind for row in table.rows if row.kind in ("+", "AdaptiveAvgPool2d")] == ["+", "AdaptiveAvgPool2d"]
    assert table.rows[5].formula == "16 × 8 × 8 + 16 × 8 × 8"
    design = table.architecture
    assert design is not None
    assert [layer.kind for layer in design.layers] == [
        "Conv2d", "ReLU", "Residual", "ReLU", "AdaptiveAvgPool2d", "Flatten", "Linear",
    ]  # fmt: skip
    assert_same_outputs(build_model(design), net, (3, 16, 16))


def test_a_net_of_a_wrong_width_says_what_comes_in_and_keeps_the_rows_before() -> None:
    net = nn.Sequential(nn.Conv2d(1, 10, 10), nn.MaxPool2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(880, 35))
    table = explain(net, (1, 40, 26))
    assert [row.output_shape for row in table.rows] == [(10, 31, 17), (10, 7, 4), (10, 7, 4), (280,), None]
    failed = table.rows[-1]
    assert failed.error == "in_features is 880, but 280 features come in."
    assert failed.mends == ("Set in_features to 280",)
    assert failed.notes == ("torch says: RuntimeError: mat1 and mat2 shapes cannot be multiplied (2x280 and 880x35)",)
    assert table.architecture is None
    assert table.not_stackable == table.error
    net[4] = nn.Linear(280, 35)
    assert explain(net, (1, 40, 26)).error is None


@pytest.mark.parametrize(
    ("net", "shape", "reason", "mend", "mended", "mended_shape"),
    [
        (
            nn.Sequential(nn.Conv2d(1, 4, 3), nn.Linear(144, 2)),
            (1, 8, 8),
            "in_features is 144, but the last axis of 4 × 6 × 6 has 6.",
            "Put nn.Flatten() before it",
            nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(144, 2)),
            (1, 8, 8),
        ),
        (
            nn.Sequential(nn.Conv2d(1, 4, 3), nn.Linear(100, 2)),
            (1, 8, 8),
            "in_features is 100, but the last axis of 4 × 6 × 6 has 6.",
            "Put nn.Flatten() before it and set in_features to 144",
            nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(144, 2)),
            (1, 8, 8),
        ),
        (
            nn.Conv2d(3, 4, 3),
            (1, 8, 8),
            "in_channels is 3, but 1 channel comes in: 1 × 8 × 8.",
            "Give it samples of 3 × 8 × 8",
            nn.Conv2d(3, 4, 3),
            (3, 8, 8),
        ),
        (
            nn.Conv2d(3, 4, 3),
            (9, 8, 3),
            "in_channels is 3, but 9 channels come in: 9 × 8 × 3.",
            "Put the channels first: samples of 3 × 9 × 8",
            nn.Conv2d(3, 4, 3),
            (3, 9, 8),
        ),
        (
            nn.Conv2d(3, 4, 3),
            (1, 3, 8, 8),
            (
                "Expects a sample with axes (channels, height, width), but gets 1 × 3 × 8 × 8 (channels, depth, height,"
                " width)."
            ),
            "Take the first axis off the input: 3 × 8 × 8",
            nn.Conv2d(3, 4, 3),
            (3, 8, 8),
        ),
        (
            nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(5)),
            (3, 8, 8),
            "num_features is 5, but 4 channels come in: 4 × 6 × 6.",
            "Set num_features to 4",
            nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)),
            (3, 8, 8),
        ),
        (
            nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(8)),
            (3, 8, 8),
            "A window of 8 does not fit a height of 6 with padding 0; use a kernel_size of at most 6.",
            "Set kernel_size to 6",
            nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(6)),
            (3, 8, 8),
        ),
    ],
)
def test_a_mend_mends(
    net: nn.Module,
    shape: tuple[int, ...],
    reason: str,
    mend: str,
    mended: nn.Module,
    mended_shape: tuple[int, ...],
) -> None:
    failed = explain(net, shape).rows[-1]
    assert failed.error == reason
    assert failed.mends[0] == mend
    assert explain(mended, mended_shape).error is None


def test_a_mend_that_would_change_what_comes_into_other_weights_is_not_offered() -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv3d(4, 4, 3))
    mends = explain(net, (1, 8, 8)).rows[-1].mends
    assert mends
    assert not any("input" in mend for mend in mends)


def test_sums_of_other_shapes_and_views_of_other_sizes_fail_with_numbers() -> None:
    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv2d(1, 4, 3), nn.Conv2d(1, 4, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.a(x) + self.b(x)

    row = explain(Sum(), (1, 8, 8)).rows[-1]
    assert row.error == "Cannot add 4 × 6 × 6 (from a) and 4 × 8 × 8 (from b): all axes must have the same sizes."
    view = explain(FunctionalNet(), (1, 32, 32)).rows[-1]
    assert view.error == "A sample is 20 × 5 × 5 = 500 numbers here, which view(-1, 320) cannot arrange."
    assert view.mends == ("Write flatten(1)",)


def test_a_view_that_takes_several_samples_for_one_is_told() -> None:
    table = explain(FunctionalNet(), (1, 36, 36))  # 20 × 6 × 6 = 720; two samples are 1,440 numbers
    assert table.error is not None
    net = nn.Sequential(nn.Conv2d(1, 20, 5), nn.Unflatten(0, (1, 2)))
    notes = [note for row in explain(net, (1, 8, 8)).rows for note in row.notes]
    refused, whole = notes
    assert refused.startswith("torch takes this, but our rule refuses it: would mix the samples of a batch")
    assert (
        whole == "A batch of 2 came in; what comes out begins with an axis of 1, so that is the whole tensor's shape."
    )


def test_the_link_holds_the_design() -> None:
    table = explain(build_model(LAB), LAB.input_shape)
    link = table.open("http://server:8501/lab/", in_browser=False)
    address, token = link.split("?design=")
    assert address == "http://server:8501/lab/"
    assert from_token(token) == LAB
    assert f'href="{link}"' in link._repr_html_()
    with pytest.raises(DesignError, match="'server' is no address of a server"):
        table.open("server", in_browser=False)
    with pytest.raises(DesignError, match=r"cannot be opened as a design.*returns 3 tensors"):
        explain(nn.Sequential(nn.LSTM(4, 4)), (3, 4)).open("http://server", in_browser=False)


@pytest.mark.parametrize(
    ("module", "shape", "message"),
    [
        (nn.ReLU, (3,), "takes a torch.nn.Module, not type"),
        ("net", (3,), "takes a torch.nn.Module, not str"),
        (nn.ReLU(), (), "Give the shape of one sample"),
        (nn.ReLU(), (None, 3), "is whole numbers from 1 on"),
        (nn.ReLU(), (0, 3), "is whole numbers from 1 on"),
        (nn.ReLU(), "3", "Give the shape of one sample"),
    ],
)
def test_what_is_no_module_or_shape_is_refused(module: object, shape: object, message: str) -> None:
    with pytest.raises(DesignError, match=message):
        explain(module, shape)  # type: ignore[arg-type]
