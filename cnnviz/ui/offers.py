"""The data sets and nets that a student can choose: what there is, as far as the teacher offers it."""

from cnnviz.data import available_datasets
from cnnviz.data.dataset import Dataset
from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import cluster
from cnnviz.ui.state import current_owner


def offered_datasets() -> dict[str, Dataset]:
    """Returns the data sets to choose among, by name; all where none of those that the teacher named is there."""
    available, rules = available_datasets(current_owner()), cluster().desk.rules
    return {name: dataset for name, dataset in available.items() if rules.offers_dataset(name)} or available


def offered_presets() -> list[str]:
    """Returns the names of the nets to start from."""
    return [name for name in PRESETS if cluster().desk.rules.offers_preset(name)] or list(PRESETS)
