"""What a good teacher would remark on a net that does build, and the mend where one click is enough.

base.py     Task, Remark; Net and Rule: what rules are made of
order.py    rules on what stands between two layers
head.py     rules on the scores and the loss
sight.py    rules on what the net sees of its input
budget.py   rules on parameters and memory
"""

from cnnviz.advice.base import AdviceRule, Net, Occurrence, Reference, Remark, Task
from cnnviz.advice.cost import find_too_many_parameters, find_too_much_memory
from cnnviz.advice.layer_order import (
    find_bias_before_norm,
    find_dropout_before_norm,
    find_missing_activation,
    find_vanishing_gradient,
    find_wrong_dropout_axes,
)
from cnnviz.advice.receptive_field import find_small_receptive_field, find_unread_edge
from cnnviz.advice.scores import (
    find_activation_on_scores,
    find_missing_log_softmax,
    find_softmax_before_loss,
    find_wrong_output_features,
)
from cnnviz.architecture import Architecture, Mend, find_refusing_step
from cnnviz.errors import DesignError

__all__ = ["ADVICE", "MAX_REMARKS_PER_RULE", "AdviceRule", "Net", "Reference", "Remark", "Task", "advise"]

MAX_REMARKS_PER_RULE = 5
"""Remarks of one rule; who has mended these is told of the next."""
_TORCH_DOCS = "https://pytorch.org/docs/stable/generated/torch.nn"

ADVICE: dict[str, AdviceRule] = {
    "no-activation": AdviceRule(
        title="No activation between two layers",
        find=find_missing_activation,
        reason="A linear function of a linear function is linear again: without a bend between them, two layers are "
        "worth one.",
        reference=Reference("Activations", "activations"),
    ),
    "vanishing-gradient": AdviceRule(
        title="Gradients vanish on the way back",
        find=find_vanishing_gradient,
        reason="A gradient is multiplied by the slope of every activation that it passes. Weights and norms can make "
        "up for some of it; ReLU hands on all of it where its input is positive.",
        reference=Reference("The vanishing gradient, on the Activations page", "activations"),
    ),
    "output-features": AdviceRule(
        title="Not one score for each class",
        find=find_wrong_output_features,
        reason="The loss compares one score for each class; the largest one is the answer.",
        reference=Reference("torch: CrossEntropyLoss", f"{_TORCH_DOCS}.CrossEntropyLoss.html"),
    ),
    "softmax-before-loss": AdviceRule(
        title="Softmax, twice",
        find=find_softmax_before_loss,
        reason="CrossEntropyLoss and LogSoftmax turn scores into probabilities themselves. Of numbers between 0 and 1 "
        "they make nearly equal probabilities, and gradients that are small.",
        reference=Reference("torch: CrossEntropyLoss", f"{_TORCH_DOCS}.CrossEntropyLoss.html"),
    ),
    "no-log-softmax": AdviceRule(
        title="NLLLoss without LogSoftmax",
        find=find_missing_log_softmax,
        reason="NLLLoss and LogSoftmax are a pair; CrossEntropyLoss is both in one.",
        reference=Reference("torch: NLLLoss", f"{_TORCH_DOCS}.NLLLoss.html"),
    ),
    "bent-scores": AdviceRule(
        title="An activation on the scores",
        find=find_activation_on_scores,
        reason="A class whose score an activation holds at an edge no longer learns; the loss needs scores that can be "
        "any number.",
        reference=Reference("Activations", "activations"),
    ),
    "bias-before-norm": AdviceRule(
        title="A bias that a norm takes away",
        find=find_bias_before_norm,
        reason="The norm subtracts the mean of each channel and adds a learned shift of its own, so that a bias before "
        "it only costs parameters.",
        reference=Reference("Ioffe & Szegedy (2015), section 3.2", "https://arxiv.org/abs/1502.03167"),
    ),
    "dropout-before-norm": AdviceRule(
        title="Dropout before BatchNorm",
        find=find_dropout_before_norm,
        reason="Dropout changes the variance in training only, but BatchNorm evaluates with the variance of training. "
        "Behind the norm it does no harm.",
        reference=Reference("Li et al. (2018), variance shift", "https://arxiv.org/abs/1801.05134"),
    ),
    "dropout-axes": AdviceRule(
        title="Dropout of feature maps where there are none",
        find=find_wrong_dropout_axes,
        reason="Dropout1d, 2d and 3d zero whole channels of samples with one, two and three axes behind them; behind "
        "Flatten there are only single numbers, and Dropout is the one for them.",
        reference=Reference("torch: Dropout2d", f"{_TORCH_DOCS}.Dropout2d.html"),
    ),
    "unread-edge": AdviceRule(
        title="An edge that is never read",
        find=find_unread_edge,
        reason="The rule for windows rounds down: what is left over at the end of an axis is thrown away, whatever it "
        "shows.",
        reference=Reference("The window rule, on the Shapes page", "shapes"),
    ),
    "receptive-field": AdviceRule(
        title="The convolutions see little of the input",
        find=find_small_receptive_field,
        reason="Convolutions find a pattern wherever it stands, as long as it fits into what they see. A Linear layer "
        "has to learn it anew for every place.",
        reference=Reference("The receptive field, on the Shapes page", "shapes"),
    ),
    "parameters": AdviceRule(
        title="Far more parameters than samples",
        find=find_too_many_parameters,
        reason="With enough parameters for each sample a net can learn its training data by heart, labels included, "
        "and need not find what they have in common.",
        reference=Reference("Zhang et al. (2017), on learning by heart", "https://arxiv.org/abs/1611.03530"),
    ),
    "memory": AdviceRule(
        title="More memory than there is",
        find=find_too_much_memory,
        reason="Training keeps the output of every layer for every sample of a batch until the gradients are "
        "computed. Fewer channels or an earlier pool take less, smaller batches where the batch is what takes it.",
        reference=Reference("CS231n, computational considerations", "https://cs231n.github.io/convolutional-networks/"),
    ),
}
"""Every rule by its name; a new one is a function that yields findings, and an entry here."""


def advise(architecture: Architecture, task: Task = Task()) -> tuple[Remark, ...]:  # noqa: B008 (frozen)
    """The remarks on a net, in the order of `ADVICE`; none on a net that is empty or refuses.

    A mend is offered when the net builds with it, its rule has less to remark, and all rules together no more.

    >>> from cnnviz.presets import PRESETS
    >>> [remark.rule for remark in advise(PRESETS["lab-convnet"].architecture)]
    ['no-activation', 'unread-edge', 'receptive-field']
    """
    net = Net(architecture, task)
    occurrences = _find_occurrences(net)
    return tuple(
        Remark(
            name,
            rule.title,
            each.path,
            each.text,
            rule.reason,
            rule.reference,
            _first_helpful_mend(name, each, occurrences, net),
        )
        for name, rule in ADVICE.items()
        for each in occurrences[name][:MAX_REMARKS_PER_RULE]
    )


def _find_occurrences(net: Net) -> dict[str, list[Occurrence]]:
    not_applicable = not net.steps or find_refusing_step(net.steps) is not None
    return {name: [] if not_applicable else list(rule.find(net)) for name, rule in ADVICE.items()}


def _first_helpful_mend(
    name: str, occurrence: Occurrence, before: dict[str, list[Occurrence]], net: Net
) -> Mend | None:
    try:
        return next((mend for mend in occurrence.mends if _helps(name, mend.architecture, before, net)), None)
    except DesignError:  # the net is full, or a number out of bounds
        return None


def _helps(name: str, mended: Architecture, before: dict[str, list[Occurrence]], net: Net) -> bool:
    new = Net(mended, net.task, net.steps)
    if find_refusing_step(new.steps) or not new.steps:
        return False
    after = _find_occurrences(new)
    return len(after[name]) < len(before[name]) and _count_all(after) <= _count_all(before)


def _count_all(occurrences: dict[str, list[Occurrence]]) -> int:
    return sum(map(len, occurrences.values()))
