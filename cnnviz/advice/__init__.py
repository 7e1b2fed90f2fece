"""What a good teacher would say about a net that builds, with a mend where one click is enough.

base.py             Task and Remark; Net, Occurrence and AdviceRule, which rules are made of
layer_order.py      rules about the order of layers
scores.py           rules about the scores and the loss
receptive_field.py  rules about what the net sees of its input
cost.py             rules about parameters and memory
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
"""Remarks shown of one rule; mending some brings up the next."""
_TORCH_DOCS = "https://pytorch.org/docs/stable/generated/torch.nn"

ADVICE: dict[str, AdviceRule] = {
    "no-activation": AdviceRule(
        title="No activation between two layers",
        find=find_missing_activation,
        reason="A linear function of a linear function is linear again: without something nonlinear between them, "
        "two layers can do no more than one.",
        reference=Reference("Activations", "activations"),
    ),
    "vanishing-gradient": AdviceRule(
        title="Gradients vanish on the way back",
        find=find_vanishing_gradient,
        reason="A gradient is multiplied by the slope of every activation that it passes through. Weights and norms "
        "can make up for some of the loss; ReLU passes on all of the gradient where its input is positive.",
        reference=Reference("The vanishing gradient, on the Activations page", "activations"),
    ),
    "output-features": AdviceRule(
        title="Not one score for each class",
        find=find_wrong_output_features,
        reason="The loss compares one score for each class; the largest one is the answer.",
        reference=Reference("torch: CrossEntropyLoss", f"{_TORCH_DOCS}.CrossEntropyLoss.html"),
    ),
    "softmax-before-loss": AdviceRule(
        title="Softmax twice",
        find=find_softmax_before_loss,
        reason="CrossEntropyLoss and LogSoftmax turn scores into probabilities themselves. From numbers between 0 and "
        "1 they make nearly equal probabilities, and small gradients.",
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
        reason="Where the activation holds a score at its limit, that class no longer learns; the loss needs scores "
        "that can be any number.",
        reference=Reference("Activations", "activations"),
    ),
    "bias-before-norm": AdviceRule(
        title="A bias that a norm cancels",
        find=find_bias_before_norm,
        reason="The norm subtracts the mean of each channel and adds a learned shift of its own, so a bias before it "
        "only costs parameters.",
        reference=Reference("Ioffe & Szegedy (2015), section 3.2", "https://arxiv.org/abs/1502.03167"),
    ),
    "dropout-before-norm": AdviceRule(
        title="Dropout before BatchNorm",
        find=find_dropout_before_norm,
        reason="Dropout changes the variance only in training, but BatchNorm uses the variance of training in "
        "evaluation, too. After the norm, Dropout does no harm.",
        reference=Reference("Li et al. (2018), variance shift", "https://arxiv.org/abs/1801.05134"),
    ),
    "dropout-axes": AdviceRule(
        title="Dropout of feature maps where there are none",
        find=find_wrong_dropout_axes,
        reason="Dropout1d, 2d and 3d zero whole channels of samples with one, two and three further axes. After "
        "Flatten there are only single numbers, and Dropout is made for those.",
        reference=Reference("torch: Dropout2d", f"{_TORCH_DOCS}.Dropout2d.html"),
    ),
    "unread-edge": AdviceRule(
        title="An edge that is never read",
        find=find_unread_edge,
        reason="The window rule rounds down: what is left over at the end of an axis is thrown away, whatever it "
        "shows.",
        reference=Reference("The window rule, on the Shapes page", "shapes"),
    ),
    "receptive-field": AdviceRule(
        title="The convolutions see little of the input",
        find=find_small_receptive_field,
        reason="Convolutions find a pattern wherever it is, as long as it fits into what they see. A Linear layer has "
        "to learn it separately for every position.",
        reference=Reference("The receptive field, on the Shapes page", "shapes"),
    ),
    "parameters": AdviceRule(
        title="Far more parameters than samples",
        find=find_too_many_parameters,
        reason="With enough parameters for each sample, a net can learn its training data by heart, labels included, "
        "instead of finding what they have in common.",
        reference=Reference("Zhang et al. (2017), on learning by heart", "https://arxiv.org/abs/1611.03530"),
    ),
    "memory": AdviceRule(
        title="More memory than there is",
        find=find_too_much_memory,
        reason="Training keeps the output of every layer for every sample of a batch until the gradients are "
        "computed. Fewer channels or an earlier pool need less; so do smaller batches, where the batch needs most.",
        reference=Reference("CS231n, computational considerations", "https://cs231n.github.io/convolutional-networks/"),
    ),
}
"""Every rule by its name; a new one is a function that yields occurrences, and an entry here."""


def advise(architecture: Architecture, task: Task = Task()) -> tuple[Remark, ...]:  # noqa: B008 (frozen)
    """Returns the remarks on a net, in the order of `ADVICE`; none on a net that is empty or does not build.

    A mend is offered when the net builds with it, its rule then has fewer remarks, and all rules together no more.

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
