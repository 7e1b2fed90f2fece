"""The loss that training minimizes, and the one that evaluations report."""

from torch import nn

from cnnviz.architecture import Architecture
from cnnviz.layers import LogSoftmax
from cnnviz.training.config import TrainConfig

Criterion = nn.NLLLoss | nn.CrossEntropyLoss
"""A loss that can average over samples, as these do, or give one for each."""


def build_criterion(architecture: Architecture, config: TrainConfig) -> Criterion:
    """Returns the loss that the configuration names, without label smoothing.

    “auto” means NLLLoss after LogSoftmax, as in the lab, and CrossEntropyLoss (which contains LogSoftmax) otherwise.
    """
    ends_in_log_softmax = bool(architecture.layers) and isinstance(architecture.layers[-1], LogSoftmax)
    uses_nll = ends_in_log_softmax if config.loss == "auto" else config.loss == "NLLLoss"
    return nn.NLLLoss() if uses_nll else nn.CrossEntropyLoss()


def build_training_loss(architecture: Architecture, config: TrainConfig) -> Criterion:
    """Returns the loss that training minimizes: `build_criterion`, with label smoothing if the configuration has some.

    NLLLoss cannot smooth labels, so CrossEntropyLoss replaces it. After a LogSoftmax the two are equal: a LogSoftmax of
    log-probabilities changes nothing.
    """
    plain = build_criterion(architecture, config)
    return nn.CrossEntropyLoss(label_smoothing=config.label_smoothing) if config.label_smoothing else plain
