"""The loss of a training."""

from torch import nn

from cnnviz.architecture import Architecture
from cnnviz.layers import LogSoftmax
from cnnviz.training.config import TrainConfig


def criterion(architecture: Architecture, config: TrainConfig) -> nn.Module:
    """The loss that was chosen.

    Of itself NLLLoss behind LogSoftmax, as in the lab, and CrossEntropyLoss (which contains LogSoftmax) otherwise.
    """
    ends_in_logs = bool(architecture.layers) and isinstance(architecture.layers[-1], LogSoftmax)
    nll = ends_in_logs if config.loss == "auto" else config.loss == "NLLLoss"
    return nn.NLLLoss() if nll else nn.CrossEntropyLoss()


def smoothed(architecture: Architecture, config: TrainConfig) -> nn.Module:
    """The loss that training makes small: `criterion`, with smoothed labels where the configuration says so.

    NLLLoss knows no smoothing. Behind a LogSoftmax, CrossEntropyLoss is the same: a LogSoftmax of log-probabilities
    changes nothing.
    """
    plain = criterion(architecture, config)
    return nn.CrossEntropyLoss(label_smoothing=config.label_smoothing) if config.label_smoothing else plain
