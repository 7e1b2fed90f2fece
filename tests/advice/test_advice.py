from collections import Counter
from pathlib import Path

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cnnviz.advice import ADVICE, MAX_REMARKS_PER_RULE, Net, Task, advise
from cnnviz.architecture import MAX_LAYERS, Architecture, build_model, find_refusing_step, output_shape, trace
from cnnviz.layers import PALETTE, BatchNorm2d, Conv1d, Dropout2d, Flatten, Layer, MaxPool2d
from cnnviz.presets import PRESETS
from cnnviz.shapes import Shape
from tests.advice.nets import conv, linear, net, norm, relu, remarks_of
from tests.advice.tasks import TASKS
from tests.strategies import architectures, buildable_nets, layers, shapes

ROOT = Path(__file__).parents[2]
LAB = PRESETS["lab-convnet"].architecture
LAB_TASK = TASKS["lab-convnet"]


def test_the_labs_net_gets_exactly_these_remarks() -> None:
    remarks = advise(LAB, LAB_TASK)
    assert [(remark.rule, remark.path, remark.mend and remark.mend.text) for remark in remarks] == [
        ("unread-edge", (1,), "Set ceil_mode to True: 10 × 22 × 4 becomes 10 × 23 × 5"),
        ("no-activation", (7,), "Put a ReLU after layer 6"),
        (
            "batch-norm",
            (0,),
            "Put a BatchNorm2d after layer 1, and set the bias of the layer to False: the norm has a shift of its own",
        ),
        ("receptive-field", (0,), "Add a convolution and a ReLU after layer 4"),
    ]
    assert [remark.is_step for remark in remarks] == [False, True, True, True]
    assert remarks[1].text == (
        "Between layer 6, Linear, and layer 8, Linear, there is no activation (only Dropout). Together they can do no"
        " more than one Linear from 880 to 35, and have 91,635 parameters where it has 30,835."
    )
    assert "is placed 22 times in a height of 90, and the last 2 rows are never read" in remarks[0].text
    assert "is placed 4 times in a width of 17, and the last column is never read" in remarks[0].text
    assert "comes from 10 of 99 × 10 of 26 of the input" in remarks[3].text


def test_all_its_mends_one_after_another_leave_the_lab_nothing_to_be_told() -> None:
    architecture, clicks = LAB, 0
    while remarks := advise(architecture, LAB_TASK):
        assert remarks[0].mend
        architecture, clicks = remarks[0].mend.architecture, clicks + 1
    assert clicks == 5  # the convolution that is added gets its norm, too
    build_model(architecture)(torch.zeros(2, 1, 99, 26))


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "lab-convnet"])
def test_there_is_no_fault_in_a_net_to_start_from(name: str) -> None:
    assert TASKS[name].classes == output_shape(PRESETS[name].architecture)[0]
    remarks = advise(PRESETS[name].architecture, TASKS[name])
    before_batch_norm = name in ("lenet-5", "alexnet", "vgg-11")  # which is of 2015
    assert [(remark.rule, remark.is_step) for remark in remarks] == [("batch-norm", True)] * before_batch_norm


def test_a_net_that_is_empty_or_refuses_gets_no_advice() -> None:
    assert advise(net()) == ()
    assert advise(LAB.update_layer(0, kernel_size=30)) == ()


@pytest.mark.parametrize("name", ADVICE)
def test_every_rule_says_why_and_where_to_read_on(name: str) -> None:
    rule = ADVICE[name]
    assert rule.reason.endswith(".")
    assert not rule.title.endswith(".")
    pages = {path.stem for path in ROOT.glob("pages/*.py")} | {"shapes"}
    assert rule.reference.url.startswith("https://") or rule.reference.url in pages
    assert rule.reference.text


kinds = st.one_of(
    st.sampled_from(["Conv2d", "MaxPool2d", "AdaptiveAvgPool2d", "BatchNorm2d", "Dropout2d", "Flatten", "BatchNorm1d"]),
    st.sampled_from(["Linear", "Dropout", "Dropout1d", "ReLU", "Sigmoid", "Tanh", "Softmax", "LogSoftmax"]),
    st.sampled_from(["Conv2d", "Linear", "Residual", "Parallel"]),
)
typical = st.builds(
    lambda shape, stack: Architecture(input_shape=shape, layers=stack),
    st.one_of(st.just((1, 14, 13)), shapes),
    st.lists(
        kinds.flatmap(lambda kind: st.one_of(st.just(PALETTE[kind].default((1, 5, 5))), layers(kind))), max_size=8
    ),
)
tasks = st.builds(
    Task,
    classes=st.one_of(st.none(), st.integers(1, 12)),
    samples=st.one_of(st.none(), st.integers(1, 100)),
    batch_size=st.one_of(st.none(), st.just(64)),
    memory=st.one_of(st.none(), st.integers(1, 2**20)),
    loss=st.sampled_from(["auto", "NLLLoss", "CrossEntropyLoss"]),
)


def fault_count(architecture: Architecture, task: Task) -> int:
    found = [occurrence for rule in ADVICE.values() for occurrence in rule.find(Net(architecture, task))]
    return sum(not occurrence.is_step for occurrence in found)


def findings(architecture: Architecture, task: Task) -> Counter[str]:
    return Counter({name: len(list(rule.find(Net(architecture, task)))) for name, rule in ADVICE.items()})


@settings(max_examples=400, deadline=None)
@given(st.one_of(typical, architectures()), tasks)
def test_every_mend_builds_and_leaves_its_rule_less_to_remark(architecture: Architecture, task: Task) -> None:
    remarks = advise(architecture, task)
    assert not remarks or find_refusing_step(trace(architecture)) is None
    places = [path for path, _ in architecture.iter_layers()]
    for remark in remarks:
        assert remark.path is None or remark.path in places
        assert remark.text[0].isupper()
        assert remark.text.endswith(".")
        if remark.mend:
            assert find_refusing_step(trace(remark.mend.architecture)) is None
            before, after = (findings(design, task) for design in (architecture, remark.mend.architecture))
            assert after[remark.rule] < before[remark.rule]
            assert fault_count(remark.mend.architecture, task) <= fault_count(architecture, task)


@settings(max_examples=80, deadline=None)
@given(buildable_nets(), tasks)
@example(
    net(MaxPool2d(kernel_size=(4, 1), stride=2), MaxPool2d(kernel_size=(3, 2), stride=2), shape=(1, 13, 12)), Task()
)
def test_a_net_that_builds_is_advised_and_torch_runs_it_with_every_mend(architecture: Architecture, task: Task) -> None:
    assert find_refusing_step(trace(architecture)) is None
    for remark in advise(architecture, task):
        if remark.mend:
            mended = remark.mend.architecture
            out = build_model(mended)(torch.zeros(2, *mended.input_shape))
            assert out.shape == (2, *output_shape(mended))


@settings(max_examples=100, deadline=None)
@given(typical, tasks)
def test_mend_after_mend_comes_to_an_end(architecture: Architecture, task: Task) -> None:
    for _ in range(30):
        mend = next((remark.mend for remark in advise(architecture, task) if remark.mend), None)
        if mend is None:
            return
        architecture = mend.architecture
    pytest.fail("mends bring each other up again and again")


@settings(max_examples=200, deadline=None)
@given(typical, tasks)
def test_a_bias_or_a_kind_of_dropout_can_always_be_mended(architecture: Architecture, task: Task) -> None:
    for remark in advise(architecture, task):
        assert remark.mend or remark.rule not in ("bias-before-norm", "dropout-axes")


def test_what_is_true_of_many_layers_is_one_remark() -> None:
    (remark,) = remarks_of("no-activation", net(*[linear(8)] * 100, shape=(8,)))
    assert remark.paths == tuple((index,) for index in range(1, 100))
    assert remark.text.endswith("of layers 3, 4, 5, 6, 7, 8, 9, 10 and 90 more.")
    assert remark.mend
    assert remark.mend.text == "Put a ReLU after layer 1"  # one click does not change a hundred places


def test_one_click_mends_what_is_true_of_a_few_layers() -> None:
    blocks = [layer for channels in (4, 8, 16) for layer in (conv(channels), BatchNorm2d(), relu)]
    (remark,) = remarks_of("bias-before-norm", net(*blocks))
    assert remark.paths == ((0,), (3,), (6,))
    assert remark.text.startswith("The 4 biases of layer 1, Conv2d, do nothing")
    assert remark.text.endswith("The same is true, with its own numbers, of layers 4 and 7.")
    assert remark.mend
    assert remark.mend.text == "Set the bias of layer 1 to False. Likewise in the other 2 places"
    without = [layer for channels in (4, 8, 16) for layer in (conv(channels, bias=False), BatchNorm2d(), relu)]
    assert remark.mend.architecture == net(*without)


def test_remarks_that_differ_in_more_than_numbers_are_made_a_few_times_only() -> None:
    kinds_of_bend = ["Sigmoid", "Tanh", "Softsign", "Hardsigmoid", "ReLU", "GELU", "ELU", "SiLU"]
    ends = [layer for kind in kinds_of_bend for layer in (Dropout2d(), PALETTE[kind].default((4, 9, 9)))]
    remarks = remarks_of("dropout-before-norm", net(conv(4), *ends, norm))
    assert len(remarks) <= MAX_REMARKS_PER_RULE


@pytest.mark.parametrize(
    ("stack", "is_told"),
    [
        ((conv(), relu), True),
        ((conv(), MaxPool2d(kernel_size=2), relu), True),
        ((conv(), norm, relu), False),
        ((conv(), PALETTE["SELU"].default((4, 9, 9))), False),
        ((conv(), Flatten(), linear()), False),
    ],
)
def test_a_convolution_without_a_norm_is_a_next_step(stack: tuple[Layer, ...], is_told: bool) -> None:
    remarks = remarks_of("batch-norm", net(*stack))
    assert [remark.is_step for remark in remarks] == [True] * is_told
    assert remarks_of("batch-norm", net(*stack), Task(batch_size=1)) == []


def test_a_net_that_is_full_is_told_without_a_mend() -> None:
    full = net(*[linear(3)] * 2, *[relu, linear(3)] * (MAX_LAYERS // 2 - 1), shape=(3,))
    (remark,) = remarks_of("no-activation", full)
    assert remark.mend is None


@pytest.mark.parametrize(
    ("rule", "ends", "shape", "task"),
    [
        ("output-features", (relu, linear(3)), (4, 3), Task()),
        ("output-features", (relu, linear(3)), (3,), Task(classes=5)),
        ("no-log-softmax", (relu, linear(3)), (3,), Task(loss="NLLLoss")),
        ("bent-scores", (linear(3), relu), (3,), Task()),
    ],
)
def test_whatever_the_rule_a_full_net_is_told(rule: str, ends: tuple[Layer, ...], shape: Shape, task: Task) -> None:
    full = net(*ends * (MAX_LAYERS // 2), shape=shape)
    assert [remark.rule for remark in remarks_of(rule, full, task)] == [rule]


def test_a_mend_with_a_number_out_of_bounds_is_not_offered() -> None:
    wide = net(Conv1d(out_channels=40_000, kernel_size=1), relu, Flatten(), linear(3), shape=(1, 9))
    assert remarks_of("receptive-field", wide)[0].mend is None
    assert remarks_of("output-features", net(relu, shape=(9,)), Task(classes=70_000))[0].mend is None
