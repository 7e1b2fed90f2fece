"""A learning rate that the finder has suggested, with what it was found for."""

from cnnviz.architecture import Architecture
from cnnviz.training.config import TrainConfig
from cnnviz.validation import FrozenModel

RATE_CONDITIONS = ("dataset", "normalization", "optimizer", "batch_size")
"""Settings on which a good learning rate depends, beside the net."""


class FoundRate(FrozenModel):
    """A learning rate that a student has taken over from the finder; its net and its settings were the finder's."""

    rate: float
    architecture: Architecture
    config: TrainConfig

    def changed_conditions(self, architecture: Architecture, config: TrainConfig) -> tuple[str, ...]:
        """Returns what differs from what the rate was found for: "net", and names of settings.

        It is empty as well where the settings have another learning rate, which the student knows about.
        """
        if config.learning_rate != self.rate:
            return ()
        net = ("net",) if architecture != self.architecture else ()
        settings = (name for name in RATE_CONDITIONS if getattr(config, name) != getattr(self.config, name))
        return (*net, *settings)
