"""What a good teacher would remark on a net that does build, and the mend where one click is enough.

base.py     Task, Remark; Net and Rule: what rules are made of
order.py    rules on what stands between two layers
head.py     rules on the scores and the loss
sight.py    rules on what the net sees of its input
budget.py   rules on parameters and memory
"""

from cnnviz.advice.base import Finding, Link, Net, Remark, Rule, Task
from cnnviz.advice.budget import memory, parameters
from cnnviz.advice.head import bent_scores, no_log_softmax, output_features, softmax_before_loss
from cnnviz.advice.order import bias_before_norm, dropout_axes, dropout_before_norm, no_activation, vanishing_gradient
from cnnviz.advice.sight import receptive_field, unread_edge
from cnnviz.architecture import Architecture, Mend, refusal
from cnnviz.errors import DesignError

__all__ = ["ADVICE", "MAX_REMARKS", "Link", "Net", "Remark", "Rule", "Task", "advise"]

MAX_REMARKS = 5
"""Remarks of one rule; who has mended these is told of the next."""
_TORCH = "https://pytorch.org/docs/stable/generated/torch.nn"

ADVICE: dict[str, Rule] = {
    "no-activation": Rule(
        title="No activation between two layers",
        find=no_activation,
        reason="A linear function of a linear function is linear again: without a bend between them, two layers are "
        "worth one.",
        link=Link("Activations", "activations"),
    ),
    "vanishing-gradient": Rule(
        title="Gradients vanish on the way back",
        find=vanishing_gradient,
        reason="A gradient is multiplied by the slope of every activation that it passes. Weights and norms can make "
        "up for some of it; ReLU hands on all of it where its input is positive.",
        link=Link("The vanishing gradient, on the Activations page", "activations"),
    ),
    "output-features": Rule(
        title="Not one score for each class",
        find=output_features,
        reason="The loss compares one score for each class; the largest one is the answer.",
        link=Link("torch: CrossEntropyLoss", f"{_TORCH}.CrossEntropyLoss.html"),
    ),
    "softmax-before-loss": Rule(
        title="Softmax, twice",
        find=softmax_before_loss,
        reason="CrossEntropyLoss and LogSoftmax turn scores into probabilities themselves. Of numbers between 0 and 1 "
        "they make nearly equal probabilities, and gradients that are small.",
        link=Link("torch: CrossEntropyLoss", f"{_TORCH}.CrossEntropyLoss.html"),
    ),
    "no-log-softmax": Rule(
        title="NLLLoss without LogSoftmax",
        find=no_log_softmax,
        reason="NLLLoss and LogSoftmax are a pair; CrossEntropyLoss is both in one.",
        link=Link("torch: NLLLoss", f"{_TORCH}.NLLLoss.html"),
    ),
    "bent-scores": Rule(
        title="An activation on the scores",
        find=bent_scores,
        reason="A class whose score an activation holds at an edge no longer learns; the loss needs scores that can be "
        "any number.",
        link=Link("Activations", "activations"),
    ),
    "bias-before-norm": Rule(
        title="A bias that a norm takes away",
        find=bias_before_norm,
        reason="The norm subtracts the mean of each channel and adds a learned shift of its own, so that a bias before "
        "it only costs parameters.",
        link=Link("Ioffe & Szegedy (2015), section 3.2", "https://arxiv.org/abs/1502.03167"),
    ),
    "dropout-before-norm": Rule(
        title="Dropout before BatchNorm",
        find=dropout_before_norm,
        reason="Dropout changes the variance in training only, but BatchNorm evaluates with the variance of training. "
        "Behind the norm it does no harm.",
        link=Link("Li et al. (2018), variance shift", "https://arxiv.org/abs/1801.05134"),
    ),
    "dropout-axes": Rule(
        title="Dropout of feature maps where there are none",
        find=dropout_axes,
        reason="Dropout1d, 2d and 3d zero whole channels of samples with one, two and three axes behind them; behind "
        "Flatten there are only single numbers, and Dropout is the one for them.",
        link=Link("torch: Dropout2d", f"{_TORCH}.Dropout2d.html"),
    ),
    "unread-edge": Rule(
        title="An edge that is never read",
        find=unread_edge,
        reason="The rule for windows rounds down: what is left over at the end of an axis is thrown away, whatever it "
        "shows.",
        link=Link("The window rule, on the Shapes page", "shapes"),
    ),
    "receptive-field": Rule(
        title="The convolutions see little of the input",
        find=receptive_field,
        reason="Convolutions find a pattern wherever it stands, as long as it fits into what they see. A Linear layer "
        "has to learn it anew for every place.",
        link=Link("The receptive field, on the Shapes page", "shapes"),
    ),
    "parameters": Rule(
        title="Far more parameters than samples",
        find=parameters,
        reason="With enough parameters for each sample a net can learn its training data by heart, labels included, "
        "and need not find what they have in common.",
        link=Link("Zhang et al. (2017), on learning by heart", "https://arxiv.org/abs/1611.03530"),
    ),
    "memory": Rule(
        title="More memory than there is",
        find=memory,
        reason="Training keeps the output of every layer for every sample of a batch until the gradients are "
        "computed. Fewer channels or an earlier pool take less, smaller batches where the batch is what takes it.",
        link=Link("CS231n, computational considerations", "https://cs231n.github.io/convolutional-networks/"),
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
    found = _findings(net)
    return tuple(
        Remark(name, rule.title, each.path, each.text, rule.reason, rule.link, _tried(name, each, found, net))
        for name, rule in ADVICE.items()
        for each in found[name][:MAX_REMARKS]
    )


def _findings(net: Net) -> dict[str, list[Finding]]:
    silent = not net.steps or refusal(net.steps) is not None
    return {name: [] if silent else list(rule.find(net)) for name, rule in ADVICE.items()}


def _tried(name: str, finding: Finding, before: dict[str, list[Finding]], net: Net) -> Mend | None:
    try:
        return next((mend for mend in finding.mends if _helps(name, mend.architecture, before, net)), None)
    except DesignError:  # the net is full, or a number out of bounds
        return None


def _helps(name: str, mended: Architecture, before: dict[str, list[Finding]], net: Net) -> bool:
    new = Net(mended, net.task, net.steps)
    if refusal(new.steps) or not new.steps:
        return False
    after = _findings(new)
    return len(after[name]) < len(before[name]) and _count(after) <= _count(before)


def _count(found: dict[str, list[Finding]]) -> int:
    return sum(map(len, found.values()))
