"""What a worker trains on: the parts of the data set, without the samples that a run leaves out."""

import numpy as np
import torch

from cnnviz.data import DATASETS
from cnnviz.runs.worker.data_cache import DataCache
from cnnviz.training.config import TrainConfig


def test_left_out_samples_are_not_trained_on_and_are_still_tested() -> None:
    content = DATASETS["digits"].load_content()
    training, validation, test = content.split_indices("random")
    left_out = (*map(int, training[5:9]), int(test[0]))
    cache = DataCache(torch.device("cpu"))
    config = TrainConfig(dataset="digits", normalization="none")
    whole = cache.get(config, "", lambda done, total: None)
    thinned = cache.get(config.changed(left_out=left_out), "", lambda done, total: None)
    kept = np.delete(training, range(5, 9))
    assert len(whole.train[1]) == len(training)
    assert (thinned.train[0].numpy() == content.x[kept]).all()
    assert (thinned.train[1].numpy() == content.y[kept]).all()
    assert (thinned.validation[1].numpy() == content.y[validation]).all()
    assert (thinned.test[1].numpy() == content.y[test]).all()
