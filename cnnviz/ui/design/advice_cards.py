"""Advice in the design room: what a teacher would remark on the design at hand, for what it is to be trained on."""

from cnnviz.advice import Remark, Task, advise
from cnnviz.architecture import Architecture
from cnnviz.data import available_datasets
from cnnviz.settings import settings
from cnnviz.ui.state import current_config, current_owner

TRAINING_SHARE = 0.8
"""Share of a data set that is trained on."""


def remarks_on(architecture: Architecture) -> tuple[Remark, ...]:
    """What is to say about a design, for the data set and settings chosen on the Train page."""
    return advise(architecture, _advice_task(architecture))


def _advice_task(architecture: Architecture) -> Task:
    """What is known of the net's purpose; of the data set only what is true of one that the net can take."""
    config = current_config()
    dataset = available_datasets(current_owner()).get(config.dataset)
    memory = settings().max_training_bytes
    if dataset is None or dataset.shape != architecture.input_shape:
        return Task(memory=memory, batch_size=config.batch_size, loss=config.loss)
    return Task(
        classes=len(dataset.classes),
        samples=int(dataset.size * TRAINING_SHARE),
        batch_size=config.batch_size,
        memory=memory,
        loss=config.loss,
    )
