"""Modules that stacking cannot express, that fail in their own way, and that must stay as they were."""

from __future__ import annotations

import copy
import logging
import random
import threading
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules import module as torch_module
from torch.nn.utils import parametrizations

from cnnviz import explain
from cnnviz.architecture import MAX_LAYERS, build_model
from cnnviz.presets import PRESETS


class Words(nn.Module):
    """Embedding, LSTM and attention; returns two tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(10, 8)
        self.lstm = nn.LSTM(8, 16, batch_first=True)
        self.attend = nn.MultiheadAttention(16, 2, batch_first=True)
        self.head = nn.Linear(16, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        hidden, _ = self.lstm(self.embed(x))
        seen, _ = self.attend(query=hidden, key=hidden, value=hidden)
        return self.head(seen[:, -1]), hidden


class Two(nn.Module):
    """Takes two inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(3, 4), nn.Linear(5, 4)
        self.both = nn.Bilinear(4, 4, 2)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.both(self.left(a), self.right(b))


class Tied(nn.Module):
    """One module called twice, and a weight that two modules share."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4, bias=False)
        self.second.weight = self.first.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(self.first(x)))


class Plain(nn.Module):
    """Keeps its layer in a plain list, where torch overlooks it."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = [nn.Linear(4, 2)]

    def forward(self, x: Tensor) -> Tensor:
        return self.layers[0](x)


class Calls(nn.Module):
    """Does in forward what it is given."""

    def __init__(self, function: Callable[[Tensor], object], *modules: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(*modules)
        self.function = function

    def forward(self, x: Tensor) -> object:
        return self.function(self.body(x))


def test_what_stacking_cannot_express_is_still_a_row() -> None:
    net = Words()
    table = explain(net, (7,), dtype=torch.long)
    assert [(row.name, row.kind) for row in table.rows] == [
        ("embed", "Embedding"),
        ("lstm", "LSTM"),
        ("attend", "MultiheadAttention"),
        ("head", "Linear"),
    ]
    assert [row.output_shape for row in table.rows] == [(7, 8), (7, 16), (7, 16), (3,)]
    for row in table.rows:
        assert row.parameters == sum(p.numel() for p in net.get_submodule(row.name).parameters())
    assert table.rows[1].notes[0].startswith("Returns 3 tensors: 7 × 16, ")
    assert "Gets 16 from […]." in table.rows[3].notes
    assert table.rows[3].formula == "in_features 16 → out_features 3"
    assert (table.architecture, table.rows[1].multiply_adds) == (None, None)
    assert not table.totals.are_multiply_adds_known
    assert "? have no rule" in repr(table)


def test_a_module_may_take_several_inputs() -> None:
    table = explain(Two(), [(3,), (5,)])
    assert [row.output_shape for row in table.rows] == [(4,), (4,), (2,)]
    assert table.totals.parameters == sum(p.numel() for p in Two().parameters())
    assert table.not_stackable == "It takes 2 tensors and returns 1 tensor; a design takes and returns one."
    missing = explain(Two(), (3,))
    assert missing.error is not None
    assert "missing 1 required positional argument: 'b'" in missing.error


def test_weights_that_are_used_twice_are_counted_once() -> None:
    net = Tied()
    table = explain(net, (4,))
    assert [(row.name, row.parameters) for row in table.rows] == [("first", 20), ("first", 0), ("second", 0)]
    assert table.totals.parameters == sum(p.numel() for p in net.parameters()) == 20
    assert table.rows[1].notes == ("Its weights are those of row 1, and counted there.",)
    assert table.not_stackable == "first is called 2 times: a design has no layers that share their weights."


def test_a_layer_in_a_plain_list_is_told() -> None:
    table = explain(Plain(), (4,))
    assert table.rows[0].output_shape == (2,)
    assert "It is no submodule of the net" in table.rows[0].notes[0]
    assert table.totals.parameters == 0


def test_frozen_weights_and_weights_that_no_row_has_are_told() -> None:
    class WithToken(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.token = nn.Parameter(torch.zeros(4))
            self.fc, self.unused = nn.Linear(4, 2).requires_grad_(False), nn.Linear(3, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(x + self.token)

    table = explain(WithToken(), (4,))
    assert "Its weights are frozen." in table.rows[0].notes
    assert (table.totals.parameters, table.totals.trainable_parameters) == (26, 16)
    assert table.totals.parameters_without_row == 16
    assert "16 of the 26 parameters are trained." in repr(table)


@pytest.mark.parametrize(
    ("module", "shape", "output"),
    [
        (nn.Identity(), (3, 4), (3, 4)),
        (nn.Sequential(nn.ReLU()), (3,), (3,)),
        (nn.TransformerEncoderLayer(8, 2, batch_first=True), (5, 8), (5, 8)),
        (nn.GRU(4, 6, bidirectional=True, batch_first=True), (5, 4), (5, 12)),
        (nn.Upsample(scale_factor=2), (3, 4, 4), (3, 8, 8)),
        (nn.PixelShuffle(2), (4, 3, 3), (1, 6, 6)),
        (nn.Softmax(dim=-1), (3, 4), (3, 4)),
        (nn.MaxPool2d(2, return_indices=True), (3, 4, 4), (3, 2, 2)),
        (nn.BatchNorm2d(3, momentum=None), (3, 4, 4), (3, 4, 4)),
        (nn.Sequential(nn.Linear(4, 4)).double(), (4,), (4,)),
        (nn.Sequential(nn.Linear(4, 4)).half(), (4,), (4,)),
        (nn.DataParallel(nn.Linear(3, 2)), (3,), (2,)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else None,
)
def test_an_odd_module_has_torchs_shape(module: nn.Module, shape: tuple[int, ...], output: tuple[int, ...]) -> None:
    table = explain(module, shape)
    assert table.error is None
    assert table.rows[-1].output_shape == output
    assert table._repr_html_()
    assert table.to_markdown()


def test_lazy_modules_stay_lazy() -> None:
    net = nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(2))
    table = explain(net, (3, 8, 8))
    assert table.totals.parameters == 4 * 3 * 9 + 4 + 4 * 36 * 2 + 2
    assert [row.parameters for row in table.rows] == [4 * 3 * 9 + 4, 0, 4 * 36 * 2 + 2]
    assert type(net[2]) is nn.LazyLinear
    assert net[2].has_uninitialized_params()


def test_a_weight_that_is_computed_is_no_design() -> None:
    table = explain(parametrizations.weight_norm(nn.Linear(4, 2)), (4,))
    assert table.rows[0].formula == "in_features 4 → out_features 2"
    assert "a parametrization" in (table.not_stackable or "")


def test_a_class_of_ones_own_with_another_forward_is_no_layer_of_ours() -> None:
    class Twice(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return torch.cat([super().forward(x)] * 2, 1)

    row = explain(nn.Sequential(Twice(3, 2)), (3,)).rows[-1]
    assert (row.kind, row.output_shape, row.formula, row.parameters) == ("Twice", (4,), "", 8)


def test_a_row_says_where_torch_and_the_rule_differ() -> None:
    table = explain(nn.Sequential(nn.MaxPool2d(2)), (6, 6))  # torch takes the batch of 2 for channels
    assert table.rows[0].output_shape == (3, 3)
    assert table.rows[0].notes[0].startswith("torch takes this, but our rule refuses it: expects a sample with axes")


@pytest.mark.parametrize(
    ("module", "error"),
    [
        (Calls(lambda x: {}["none"]), "KeyError: 'none'"),
        (Calls(lambda x: x.missing, nn.ReLU()), "AttributeError: 'Tensor' object has no attribute 'missing'"),
        (Calls(lambda x: x @ x.new_zeros(5, 2), nn.ReLU()), "RuntimeError: mat1 and mat2 shapes"),
        (Calls(lambda x: 1 / 0, nn.ReLU()), "ZeroDivisionError: division by zero"),
        (Calls(lambda x: functional.conv2d(x, torch.zeros(1, 1, 9, 9)), nn.ReLU()), "RuntimeError: "),
        (nn.ModuleList([nn.ReLU()]), 'NotImplementedError: Module [ModuleList] is missing the required "forward"'),
    ],
)
def test_whatever_forward_raises_is_the_last_row(module: nn.Module, error: str) -> None:
    table = explain(module, (3, 4))
    assert table.error is not None
    assert error in table.error
    assert (table.rows[-1].output_shapes, table.architecture) == ((), None)
    if isinstance(module, Calls) and len(module.body):
        assert table.rows[0].kind == "ReLU"
        assert table.rows[0].output_shape == (3, 4)


@pytest.mark.parametrize(
    ("function", "output"),
    [
        (lambda x: x[x > 0.1].sum() + x, (4,)),  # numbers decide
        (lambda x: x * float(x.max().item()), (4,)),
        (lambda x: x + torch.ones(4), (4,)),  # made on another device than meta
        (lambda x: torch.from_numpy(x.numpy() * 2), (4,)),
    ],
)
def test_what_needs_numbers_is_run_with_numbers(function: Callable[[Tensor], Tensor], output: tuple[int, ...]) -> None:
    table = explain(nn.Sequential(nn.Linear(4, 4), Calls(function), nn.ReLU()), (4,))
    assert table.error is None
    assert not table.forward_pass.on_meta
    assert table.rows[-1].output_shape == output


class Restless(nn.Module):
    """Changes its buffers and asks for random numbers in every forward, and fails if it is told to."""

    def __init__(self, *, fails: bool) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.register_buffer("seen", torch.zeros(4))
        self.register_buffer("replaced", torch.zeros(1))
        self.fails = fails

    def forward(self, x: Tensor) -> Tensor:
        self.train()  # as somebody does
        self.seen += 1
        self.replaced = self.replaced + 1
        x = functional.dropout(self.norm(x), 0.5) * random.random() * float(np.random.rand()) + torch.rand(4)
        if self.fails:
            raise ValueError("no")
        return x


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_the_module_stays_as_it_was(*, fails: bool, training: bool) -> None:
    net = nn.Sequential(nn.Linear(4, 4), Restless(fails=fails)).train(training)
    net[0].eval()
    loss = net[0](torch.rand(3, 4)).sum()
    before, modes = copy.deepcopy(net.state_dict()), [part.training for part in net.modules()]
    tensors = {name: id(tensor) for name, tensor in [*net.named_parameters(), *net.named_buffers()]}
    states = (torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist())
    hooks = (len(torch_module._global_forward_hooks), len(torch_module._global_forward_pre_hooks))
    assert (explain(net, (4,)).error is not None) == fails
    assert (len(torch_module._global_forward_hooks), len(torch_module._global_forward_pre_hooks)) == hooks
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states[1:]
    assert [part.training for part in net.modules()] == modes
    assert {name: id(tensor) for name, tensor in [*net.named_parameters(), *net.named_buffers()]} == tensors
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    loss.backward()  # what was computed before can still be learned from
    assert all(parameter.grad is None or parameter.grad.device.type == "cpu" for parameter in net.parameters())
    assert torch.is_grad_enabled()


class Forgetful(nn.Module):
    """Leaves in every forward something behind in its attributes, its weights and its submodules."""

    def __init__(self, *, needs_numbers: bool) -> None:
        super().__init__()
        self.f, self.w = nn.Linear(4, 4), nn.Parameter(torch.ones(4))
        self.replaced = nn.Parameter(torch.ones(4))
        self.n, self.seen, self.needs_numbers = 0, ["start"], needs_numbers

    def forward(self, x: Tensor) -> Tensor:
        self.n += 1
        self.h = self.f(x)
        self.seen.append(self.h)
        self.made = nn.Linear(4, 4, device=x.device)
        if self.needs_numbers and x.sum() > 0:
            with torch.no_grad():
                self.w.mul_(0.5)
                self.replaced.data = self.replaced.data * 2
        return self.made(self.h * self.w)


@pytest.mark.parametrize("needs_numbers", [False, True])
def test_what_forward_leaves_behind_is_gone(*, needs_numbers: bool) -> None:
    net = Forgetful(needs_numbers=needs_numbers)
    before, weights = copy.deepcopy(net.state_dict()), {name: id(weight) for name, weight in net.named_parameters()}
    memory, attributes = net.replaced.data_ptr(), set(vars(net))
    table = explain(net, (4,))
    assert table.error is None
    assert table.forward_pass.on_meta != needs_numbers
    assert (net.n, net.seen, set(vars(net))) == (0, ["start"], attributes)
    assert {name: id(weight) for name, weight in net.named_parameters()} == weights
    assert net.replaced.data_ptr() == memory
    assert list(net.state_dict()) == list(before)
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, before[name]), name


class Notes:
    """An object with a list inside."""

    def __init__(self) -> None:
        self.items: list[object] = []
        self.last: object = None


class Slotted:
    """An object without a __dict__."""

    __slots__ = ("count", "later")

    def __init__(self) -> None:
        self.count = 0


@dataclass(frozen=True)
class Frozen:
    """An object that cannot be set, around one that can."""

    notes: Notes
    table: dict[str, list[int]]


class Busy(nn.Module):
    """Changes in every forward what lies deep in its attributes."""

    def __init__(self, *, fails: bool, needs_numbers: bool) -> None:
        super().__init__()
        self.f, self.fails, self.needs_numbers = nn.Linear(4, 4), fails, needs_numbers
        self.cache, self.slotted = Notes(), Slotted()
        self.frozen = Frozen(Notes(), {"rows": [1]})
        self.counts = {"n": 0, "of": defaultdict(int, a=1)}
        self.pair = ([1], {"k": {2}})
        self.recent, self.order = deque([1, 2], maxlen=2), OrderedDict(a=[0], b=[1])
        self.total, self.numbers = torch.zeros(3), np.zeros((2, 2))
        self.helpers = [nn.BatchNorm1d(4)]  # not registered
        self.random, self.draws = random.Random(1), np.random.default_rng(1)
        self.generator = torch.Generator()
        self.itself = self

    def forward(self, x: Tensor) -> Tensor:
        y = self.f(x)
        self.cache.items.append(y)
        self.cache.last = self.frozen.notes.last = y
        self.cache.made = True  # type: ignore[attr-defined]
        self.slotted.count += 1
        self.frozen.table["rows"].append(2)
        self.frozen.table["more"] = []
        self.counts["n"] += 1  # type: ignore[operator]
        self.counts["of"]["a"] += 1  # type: ignore[index]
        self.pair[0].append(2)
        self.pair[1]["k"].add(3)
        self.recent.append(3)
        self.order.move_to_end("a")
        self.order["a"].append(1)
        self.total += 1
        self.numbers[0, 0] = self.random.random() + self.draws.random()
        self.helpers[0].running_mean += float(torch.rand(1, generator=self.generator))  # type: ignore[operator]
        self.helpers[0].note = 1  # type: ignore[assignment]
        self.itself.f.bias.seen = 1  # type: ignore[attr-defined]
        if self.needs_numbers and y.sum() > 1e9:
            return x
        if self.fails:
            raise ValueError("no")
        return y


def content(module: Busy) -> object:
    """All that the module holds, in values that can be compared."""
    helper = module.helpers[0]
    return (
        *(vars(module.cache), module.slotted.count, vars(module.frozen.notes), module.frozen.table, module.counts),
        *(module.pair, list(module.recent), list(module.order.items()), module.total.tolist(), module.numbers.tolist()),
        *(module.random.getstate(), module.draws.bit_generator.state, module.generator.get_state().tolist()),
        *(helper.running_mean.tolist(), hasattr(helper, "note"), type(module.counts["of"]), vars(module.f.bias)),  # type: ignore[operator,union-attr]
    )


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("needs_numbers", [False, True])
def test_what_forward_changes_deep_in_attributes_is_as_before(*, fails: bool, needs_numbers: bool) -> None:
    """`self.cache.items.append(x)` stayed in the module, and so did all that lies in more than a list."""
    net = Busy(fails=fails, needs_numbers=needs_numbers)
    before, ids = copy.deepcopy(content(net)), {name: id(value) for name, value in vars(net).items()}
    table = explain(nn.Sequential(net), (4,))
    assert (table.error is not None) == fails
    assert content(net) == before
    assert {name: id(value) for name, value in vars(net).items()} == ids
    assert table.totals.not_put_back == ()
    with suppress(ValueError):
        net(torch.rand(2, 4))  # as it does without explain
    assert content(net) != before


class Taking(nn.Module):
    """Takes from what can be gone through once, and from too much to be looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers, self.many = iter(range(100)), [[number] for number in range(150_000)]

    def forward(self, x: Tensor) -> Tensor:
        return x * next(self.numbers)


def test_what_cannot_be_put_back_is_told() -> None:
    table = explain(nn.Sequential(Taking()), (4,))
    assert set(table.totals.not_put_back) == {"0.numbers", "0.many"}
    for drawn in (repr(table), table.to_markdown(), table._repr_html_()):
        assert "could not be put back: an iterator, or too much to be copied." in drawn


def test_objects_that_threads_change_are_left_to_them() -> None:
    class Locked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.event, self.log = threading.Event(), logging.getLogger(__name__)

        def forward(self, x: Tensor) -> Tensor:
            self.event.set()
            return x + 1

    net = Locked()
    explain(net, (4,))
    assert net.event.is_set()


def test_a_keyboard_interrupt_leaves_the_module_as_it_was() -> None:
    def interrupt(_: Tensor) -> None:
        raise KeyboardInterrupt

    net = Calls(interrupt, nn.Linear(3, 3), nn.BatchNorm1d(3)).train()
    with pytest.raises(KeyboardInterrupt):
        explain(net, (3,))
    assert all(part.training for part in net.modules())
    assert all(parameter.device.type == "cpu" for parameter in net.parameters())
    assert not torch_module._global_forward_hooks


def test_modules_of_other_threads_are_no_rows() -> None:
    other = nn.Linear(2, 2)

    def run_other(x: Tensor) -> Tensor:
        thread = threading.Thread(target=lambda: other(torch.zeros(1, 2)))
        thread.start()
        thread.join()
        return x

    assert [row.kind for row in explain(Calls(run_other, nn.ReLU()), (2,)).rows] == ["ReLU"]


def test_a_module_on_the_meta_device_is_explained() -> None:
    with torch.device("meta"):
        net = build_model(PRESETS["lenet-5"].architecture)
    assert explain(net, (1, 32, 32)).architecture == PRESETS["lenet-5"].architecture


def test_a_deep_net_is_explained() -> None:
    net = nn.Sequential(*(nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(600)))
    table = explain(net, (4,))
    assert len(table.rows) == 1200
    assert table.not_stackable == f"A design holds at most {MAX_LAYERS} layers."
    assert len(repr(table).splitlines()) > 1200
