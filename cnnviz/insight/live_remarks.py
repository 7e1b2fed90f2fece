"""What a student should know of a run while it still trains."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnviz.advice import Net, Task
from cnnviz.advice.logits import find_wrong_output_features
from cnnviz.architecture import Architecture
from cnnviz.insight.chance_level import describe_chance, epochs_at_chance
from cnnviz.training.config import TrainConfig


@dataclass(frozen=True)
class LiveRemark:
    """Finding about a run that trains, and what to do about it."""

    title: str
    text: str
    suggestion: str


def live_remarks(
    architecture: Architecture, config: TrainConfig, classes: int | None, train_loss: npt.NDArray[np.float64]
) -> tuple[LiveRemark, ...]:
    """Returns the remarks on a run so far; `train_loss` (E,) has one value for each epoch, and may be empty.

    Args:
        architecture: The net of the run.
        config: Its settings.
        classes: Number of classes of its data set; None where it is unknown, which leaves out both remarks.
        train_loss: Its training loss after each epoch.
    """
    if classes is None:
        return ()
    remarks = []
    for occurrence in find_wrong_output_features(Net(architecture, Task(classes=classes))):
        edits = [mend.text for mend in occurrence.mends]
        suggestion = f"On the Design page: {edits[0][0].lower()}{edits[0][1:]}." if edits else ""
        remarks.append(LiveRemark("Not one score for each class", occurrence.text, suggestion))
    if count := epochs_at_chance(train_loss, classes):
        remarks.append(
            LiveRemark(
                f"The loss stays at ln({classes}): the net guesses",
                describe_chance(train_loss, classes, count),
                chance_suggestion(config),
            )
        )
    return tuple(remarks)


def chance_suggestion(config: TrainConfig) -> str:
    """Returns what to do about a loss that stays at that of guessing, in order."""
    rate = (
        f"check the learning rate ({config.learning_rate:g}): a much higher one kills the net in its first steps, a"
        " much lower one hardly moves it; the learning-rate finder shows the range between"
    )
    if config.normalization == "none":
        return (
            "First normalize the values (Prepare and augment, on the Train page): unscaled values can be far too large"
            f" or too small for the weights that a net starts with. Then {rate}."
        )
    return f"The values are normalized, so {rate}. Then look at the Gradients view: does every layer get a gradient?"
