"""What a good teacher would say about a net that builds, with a mend where one click is enough.

base.py             Task and Remark; Net, Occurrence and AdviceRule, which rules are made of
layer_order.py      rules about the order of layers
scores.py           rules about the scores and the loss
receptive_field.py  rules about what the net sees of its input
cost.py             rules about parameters and memory
"""

import re

from cnnviz.advice.base import AdviceRule, Net, Occurrence, Reference, Remark, Task
from cnnviz.advice.cost import find_too_many_parameters, find_too_much_memory
from cnnviz.advice.layer_order import (
    find_bias_before_norm,
    find_dropout_before_norm,
    find_missing_activation,
    find_missing_norm,
    find_vanishing_gradient,
    find_wrong_dropout_axes,
)
from cnnviz.advice.logits import (
    find_activation_on_scores,
    find_missing_log_softmax,
    find_softmax_before_loss,
    find_wrong_output_features,
)
from cnnviz.advice.receptive_field import find_single_convolution, find_small_receptive_field, find_unread_edge
from cnnviz.architecture import Architecture, LayerPath, Mend, find_refusing_step, layer_number
from cnnviz.errors import DesignError

__all__ = ["ADVICE", "MAX_REMARKS_PER_RULE", "AdviceRule", "Net", "Reference", "Remark", "Task", "advise"]

MAX_REMARKS_PER_RULE = 5
"""Remarks shown of one rule; mending some brings up the next."""
MAX_MENDED_TOGETHER = 10
"""Places that one click mends; where there are more, it mends the first."""
MAX_LISTED_PLACES = 8
"""Further places that the text of a remark lists by number."""
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
        "can make up for some of that; ReLU passes on all of the gradient where its input is positive.",
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
    "batch-norm": AdviceRule(
        title="BatchNorm after each convolution",
        find=find_missing_norm,
        reason="BatchNorm brings each channel to mean 0 and standard deviation 1 over the batch. Most nets learn "
        "faster with it and tolerate a higher learning rate.",
        reference=Reference("Ioffe & Szegedy (2015)", "https://arxiv.org/abs/1502.03167"),
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
    "single-convolution": AdviceRule(
        title="One convolution",
        find=find_single_convolution,
        reason="A second one puts together what the first has found: edges become corners, corners shapes. Two small "
        "windows, one after the other, see as much as a large one, with fewer weights.",
        reference=Reference(
            "Simonyan & Zisserman (2015), on small windows in depth", "https://arxiv.org/abs/1409.1556"
        ),
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
    """Returns the remarks on a net, faults before next steps; none on a net that is empty or does not build.

    What is true of several layers, but for the numbers, is one remark. A mend is offered when the net builds with it,
    its rule then has less to remark, and all rules together no more faults.

    >>> from cnnviz.presets import PRESETS
    >>> remarks = advise(PRESETS["lab-convnet"].architecture)
    >>> [(remark.rule, remark.is_step) for remark in remarks][:2]
    [('unread-edge', False), ('no-activation', True)]
    """
    net = Net(architecture, task)
    occurrences = _find_occurrences(net)
    remarks = [
        _remark(name, group, occurrences, net)
        for name, found in occurrences.items()
        for group in _group_alike(found)[:MAX_REMARKS_PER_RULE]
    ]
    return tuple(sorted(remarks, key=lambda remark: remark.is_step))


def _find_occurrences(net: Net) -> dict[str, list[Occurrence]]:
    not_applicable = not net.steps or find_refusing_step(net.steps) is not None
    return {name: [] if not_applicable else list(rule.find(net)) for name, rule in ADVICE.items()}


def _group_alike(occurrences: list[Occurrence]) -> list[list[Occurrence]]:
    """Returns the occurrences in groups whose texts differ in nothing but numbers."""
    groups: dict[str, list[Occurrence]] = {}
    for occurrence in occurrences:
        groups.setdefault(_without_numbers(occurrence.text), []).append(occurrence)
    return list(groups.values())


def _without_numbers(text: str) -> str:
    """Returns a text with a sign in place of each number or layer number.

    >>> _without_numbers("The 1,024 biases of layer 2.a1, Conv2d, do nothing.")
    'The # biases of layer #, Conv#d, do nothing.'
    """
    return re.sub(r"\d[\d,]*(\.\w*\d)*(?<!,)", "#", text)


def _remark(name: str, group: list[Occurrence], before: dict[str, list[Occurrence]], net: Net) -> Remark:
    first, *others = group
    other_paths = tuple(each.path for each in others if each.path is not None)
    rule, text = ADVICE[name], first.text
    if other_paths:
        text += f" The same is true, with its own numbers, of {_list_layers(other_paths)}."
    mend = _first_helpful_mend(name, first, before, net)
    if mend and 0 < len(other_paths) < MAX_MENDED_TOGETHER:
        mend = _mend_all(name, group, mend, net) or mend
    for other in others[:MAX_REMARKS_PER_RULE] if mend is None else ():
        other_mend = _first_helpful_mend(name, other, before, net)
        if other_mend and other.path is not None:
            mend = Mend(f"Layer {layer_number(other.path)}: {other_mend.text}", other_mend.architecture)
            break
    return Remark(name, rule.title, first.path, text, rule.reason, rule.reference, mend, other_paths, first.is_step)


def _list_layers(paths: tuple[LayerPath, ...]) -> str:
    """Returns the layers with these paths as a sentence lists them.

    >>> _list_layers(((3,),)), _list_layers(((3,), (6,), (9,)))
    ('layer 4', 'layers 4, 7 and 10')
    """
    numbers = [layer_number(path) for path in paths[:MAX_LISTED_PLACES]]
    if len(paths) > MAX_LISTED_PLACES:
        numbers.append(f"{len(paths) - MAX_LISTED_PLACES} more")
    return f"layer{'s' * (len(paths) > 1)} {' and '.join(filter(None, (', '.join(numbers[:-1]), numbers[-1])))}"


def _first_helpful_mend(
    name: str, occurrence: Occurrence, before: dict[str, list[Occurrence]], net: Net
) -> Mend | None:
    try:
        return next((mend for mend in occurrence.mends if _helps(name, mend.architecture, before, net)), None)
    except DesignError:  # the net is full, or a number out of bounds
        return None


def _mend_all(name: str, group: list[Occurrence], first: Mend, net: Net) -> Mend | None:
    """Returns the mend that does in all places what the first one does in one; None where that is impossible."""
    mended, kind = first.architecture, _without_numbers(group[0].text)
    for _ in group[1:]:
        here = Net(mended, net.task, net.steps)
        occurrences = _find_occurrences(here)
        rest = [each for each in occurrences[name] if _without_numbers(each.text) == kind]
        mend = _first_helpful_mend(name, rest[0], occurrences, here) if rest else None
        if mend is None or _without_numbers(mend.text) != _without_numbers(first.text):
            return None
        mended = mend.architecture
    places = "the other place" if len(group) == 2 else f"the other {len(group) - 1} places"
    return Mend(f"{first.text}. Likewise in {places}", mended)


def _helps(name: str, mended: Architecture, before: dict[str, list[Occurrence]], net: Net) -> bool:
    new = Net(mended, net.task, net.steps)
    if find_refusing_step(new.steps) or not new.steps:
        return False
    after = _find_occurrences(new)
    return len(after[name]) < len(before[name]) and _count_faults(after) <= _count_faults(before)


def _count_faults(occurrences: dict[str, list[Occurrence]]) -> int:
    return sum(not occurrence.is_step for found in occurrences.values() for occurrence in found)
