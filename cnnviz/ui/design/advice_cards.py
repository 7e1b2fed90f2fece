"""Advice on the Design page, given for the data set and the settings that are chosen on the Train page."""

from functools import lru_cache

from cnnviz.advice import Remark, Task, advise
from cnnviz.architecture import Architecture
from cnnviz.data import available_datasets
from cnnviz.settings import settings
from cnnviz.ui.state import current_config, current_owner

TRAINING_SHARE = 0.8
"""Share of a data set on which a net is trained."""

_cached_advice = lru_cache(maxsize=256)(advise)
"""Each edit draws the advice, and a class that follows a lesson has the same nets."""


def remarks_on(architecture: Architecture) -> tuple[Remark, ...]:
    """Returns the remarks of `ADVICE` on a design, given what it is to be trained on."""
    return _cached_advice(architecture, _advice_task(architecture))


def _advice_task(architecture: Architecture) -> Task:
    """Returns what is known of the training; number of classes and samples only for a data set that fits the net."""
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
