"""The loss of a training."""

from torch import nn

from cnnviz.architecture import Architecture
from cnnviz.layers import LogSoftmax
from cnnviz.training.config import TrainConfig


def build_criterion(architecture: Architecture, config: TrainConfig) -> nn.Module:
    """The loss that was chosen.

    Of itself NLLLoss behind LogSoftmax, as in the lab, and CrossEntropyLoss (which contains LogSoftmax) otherwise.
    """
    ends_in_log_softmax = bool(architecture.layers) and isinstance(architecture.layers[-1], LogSoftmax)
    uses_nll = ends_in_log_softmax if config.loss == "auto" else config.loss == "NLLLoss"
    return nn.NLLLoss() if uses_nll else nn.CrossEntropyLoss()


def build_training_loss(architecture: Architecture, config: TrainConfig) -> nn.Module:
    """The loss that training makes small: `criterion`, with smoothed labels where the configuration says so.

    NLLLoss knows no smoothing. Behind a LogSoftmax, CrossEntropyLoss is the same: a LogSoftmax of log-probabilities
    changes nothing.
    """
    plain = build_criterion(architecture, config)
    return nn.CrossEntropyLoss(label_smoothing=config.label_smoothing) if config.label_smoothing else plain
