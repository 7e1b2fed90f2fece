"""Advice in the design room: what a teacher would remark on the design at hand, for what it is to be trained on."""

from cnnviz.advice import Remark, Task, advise
from cnnviz.architecture import Architecture
from cnnviz.data import available
from cnnviz.settings import settings
from cnnviz.ui.state import config
from cnnviz.ui.student import owner

TRAINED = 0.8
"""Share of a data set that is trained on."""


def remarks(architecture: Architecture) -> tuple[Remark, ...]:
    """What is to say about a design, for the data set and settings chosen on the Train page."""
    return advise(architecture, _task(architecture))


def _task(architecture: Architecture) -> Task:
    """What is known of the net's purpose; of the data set only what is true of one that the net can take."""
    settled = config()
    dataset = available(owner()).get(settled.dataset)
    memory = settings().max_training_bytes
    if dataset is None or dataset.shape != architecture.input_shape:
        return Task(memory=memory, batch_size=settled.batch_size, loss=settled.loss)
    return Task(
        classes=len(dataset.classes),
        samples=int(dataset.size * TRAINED),
        batch_size=settled.batch_size,
        memory=memory,
        loss=settled.loss,
    )
