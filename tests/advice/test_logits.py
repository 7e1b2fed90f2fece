from collections.abc import Sequence
from math import e, log

import pytest
import torch
from torch.nn.functional import cross_entropy

from cnnviz.advice import Task
from cnnviz.architecture import output_shape
from cnnviz.layers import AdaptiveAvgPool2d, Dropout, Layer, Linear, LogSoftmax, Residual, Softmax
from tests.advice.nets import conv, flatten, linear, net, relu, remarks_of, sigmoid

TEN = Task(classes=10)
HEAD = (flatten, linear(10))
log_softmax, softmax = LogSoftmax(), Softmax()


@pytest.mark.parametrize(
    ("stack", "text", "mend"),
    [
        (
            (flatten, linear(8)),
            "The net ends in 8 scores for 10 classes: 2 are never the answer.",
            "Set out_features of layer 2 to 10",
        ),
        (
            (flatten, linear(35), log_softmax),
            "The net ends in 35 scores for 10 classes: 25 of them mean nothing.",
            "Set out_features of layer 2 to 10",
        ),
        (
            (conv(6), relu, AdaptiveAvgPool2d(output_size=1), flatten),
            "The net ends in 6 scores for 10 classes: 4 are never the answer.",
            "Set out_channels of layer 1 to 10",
        ),
        (
            (flatten, relu, Dropout(), log_softmax),
            "The net ends in 256 scores for 10 classes: 246 of them mean nothing.",
            "Add a Linear with out_features 10 at the end",
        ),
        (
            (conv(6), relu),
            "The net ends in 6 × 14 × 14, but 10 classes need one row of 10 scores.",
            "Add a Flatten and a Linear with out_features 10 at the end",
        ),
    ],
)
def test_scores_that_do_not_fit_the_classes_are_told(stack: Sequence[Layer], text: str, mend: str) -> None:
    (remark,) = remarks_of("output-features", net(*stack), TEN)
    assert remark.text == text
    assert remark.mend
    assert remark.mend.text == mend
    assert output_shape(remark.mend.architecture) == (10,)


def test_scores_that_fit_or_have_no_task_are_not() -> None:
    assert remarks_of("output-features", net(*HEAD), TEN) == []
    assert remarks_of("output-features", net(flatten, linear(8))) == []
    assert remarks_of("output-features", net(conv(6), relu)) == []  # has no head yet


def test_a_forgotten_flatten_is_told_whatever_the_classes() -> None:
    (remark,) = remarks_of("output-features", net(conv(6), relu, linear(8), log_softmax))
    assert remark.text.startswith("Layer 3, Linear, works on the last axis of 6 × 14 × 14 alone, and the net ends in")
    assert remark.mend
    assert remark.mend.text == "Put a Flatten before layer 3"
    assert output_shape(remark.mend.architecture) == (8,)


def test_a_softmax_that_the_loss_takes_again_is_told() -> None:
    (remark,) = remarks_of("softmax-before-loss", net(*HEAD, softmax))
    assert "passes on probabilities, and CrossEntropyLoss takes the softmax of them again" in remark.text
    assert f"the loss of 10 classes stays above {log(1 + 9 / e):.2f}" in remark.text
    assert remark.mend
    assert remark.mend.architecture == net(*HEAD, log_softmax)
    (remark,) = remarks_of("softmax-before-loss", net(*HEAD, softmax, Dropout()), Task(loss="CrossEntropyLoss"))
    assert remark.mend
    assert remark.mend.architecture == net(*HEAD, Dropout())
    (remark,) = remarks_of("softmax-before-loss", net(*HEAD, softmax, log_softmax))
    assert "layer 4, LogSoftmax, takes" in remark.text
    assert remark.mend
    assert remark.mend.architecture == net(*HEAD, log_softmax)


def test_torch_agrees_on_the_least_loss_of_probabilities() -> None:
    sure = torch.tensor([[1.0, *[0.0] * 34]])
    assert cross_entropy(sure, torch.tensor([0])).item() == pytest.approx(log(1 + 34 / e))


@pytest.mark.parametrize("stack", [HEAD, (*HEAD, log_softmax), (flatten, softmax, linear(10))])
def test_scores_and_log_probabilities_are_not(stack: Sequence[Layer]) -> None:
    assert remarks_of("softmax-before-loss", net(*stack)) == []
    assert (
        remarks_of("softmax-before-loss", net(*stack), Task(loss="CrossEntropyLoss")) == []
    )  # twice log_softmax is once


@pytest.mark.parametrize(
    ("stack", "mended"),
    [
        (HEAD, (*HEAD, log_softmax)),
        ((*HEAD, softmax), (*HEAD, log_softmax)),
        ((*HEAD, Dropout()), (*HEAD, Dropout(), log_softmax)),
    ],
)
def test_nll_loss_without_its_partner_is_told(stack: Sequence[Layer], mended: Sequence[Layer]) -> None:
    (remark,) = remarks_of("no-log-softmax", net(*stack), Task(loss="NLLLoss"))
    assert remark.mend
    assert remark.mend.architecture == net(*mended)


def test_nll_loss_with_it_and_any_other_loss_are_not() -> None:
    assert remarks_of("no-log-softmax", net(*HEAD, log_softmax), Task(loss="NLLLoss")) == []
    for task in (Task(), Task(loss="CrossEntropyLoss")):
        assert remarks_of("no-log-softmax", net(*HEAD), task) == []
        assert remarks_of("no-log-softmax", net(*HEAD, softmax), task) == []


@pytest.mark.parametrize("tail", [(relu,), (sigmoid, log_softmax), (relu, Dropout())])
def test_an_activation_on_the_scores_is_told(tail: Sequence[Layer]) -> None:
    (remark,) = remarks_of("bent-scores", net(*HEAD, *tail))
    assert remark.path == (2,)
    assert remark.mend
    assert remark.mend.architecture == net(*HEAD, *tail[1:])


@pytest.mark.parametrize(
    "stack",
    [
        HEAD,
        (*HEAD, log_softmax),
        (conv(10), relu, AdaptiveAvgPool2d(output_size=1), flatten),  # a mean of what is bent is any number above 0
        (flatten, Residual(layers=(Linear(out_features=256), relu))),
    ],
)
def test_scores_as_they_come_are_not(stack: Sequence[Layer]) -> None:
    assert remarks_of("bent-scores", net(*stack)) == []
