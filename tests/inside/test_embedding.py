"""The embedding before the last layer: torch's hook, scikit-learn's PCA and scipy's distances are the judges."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA
from torch import nn

from cnnviz.architecture import Architecture
from cnnviz.data.scaling import Scale
from cnnviz.errors import DesignError
from cnnviz.inside.embedding import check_width, embed, embed_samples, last_weighted_layer
from cnnviz.inside.net_request import NetRequest
from cnnviz.inside.subject import build_untrained
from cnnviz.layers import BatchNorm2d, Conv2d, Flatten, Linear, LogSoftmax, ReLU

LAYERS = (Conv2d(out_channels=4, kernel_size=3), BatchNorm2d(), ReLU(), Flatten(), Linear(out_features=3), LogSoftmax())
NET = Architecture(input_shape=(1, 6, 6), layers=LAYERS)
X = np.random.default_rng(0).normal(size=(90, 1, 6, 6)).astype(np.float32)
TRAINING, DRAWN = np.arange(0, 90, 2), np.arange(10, 80)


def request(architecture: Architecture = NET) -> NetRequest:
    return NetRequest(architecture, build_untrained(architecture, 1).state_dict(), Scale(), X)


def test_points_and_neighbours_are_those_of_what_the_last_linear_layer_gets() -> None:
    shares: list[float] = []
    found = embed_samples(request(), method="PCA", drawn=DRAWN, training=TRAINING, on_progress=shares.append)
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)

    model, hidden = build_untrained(NET, 1).eval(), []
    last = next(module for module in model.modules() if isinstance(module, nn.Linear))
    last.register_forward_pre_hook(lambda _module, inputs: hidden.append(inputs[0].clone()))
    with torch.no_grad():
        model(torch.from_numpy(X))
    rows = hidden[0].numpy().astype(np.float64)
    assert (found.title, found.width) == ("5 Linear", rows.shape[1])
    pca = PCA(2, svd_solver="full").fit(rows)
    np.testing.assert_allclose(np.abs(found.points), np.abs(pca.transform(rows[DRAWN])), rtol=1e-3, atol=1e-3)
    assert found.explained == pytest.approx(tuple(pca.explained_variance_ratio_), rel=1e-4)
    distances = cdist(rows, rows[TRAINING])
    distances[TRAINING, np.arange(len(TRAINING))] = np.inf
    assert (found.nearest == TRAINING[distances.argsort(axis=1)[:, :20]]).all()
    np.testing.assert_allclose(found.distances, np.sort(distances)[:, :20], rtol=1e-4)


def test_t_sne_keeps_two_far_groups_apart() -> None:
    flat = Architecture(input_shape=(4,), layers=[Linear(out_features=2)])
    x = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    x[20:] += 50
    asked = NetRequest(flat, build_untrained(flat, 0).state_dict(), Scale(), x)
    found = embed(asked, method="t-SNE", drawn=np.arange(40), training=np.arange(40))
    near = cdist(found.points, found.points)
    np.fill_diagonal(near, np.inf)
    assert ((near.argmin(axis=1) < 20) == (np.arange(40) < 20)).all()
    assert found.explained == (0, 0)
    assert found.title == "1 Linear"  # nothing is before it: these are the samples themselves


def test_a_net_without_weights_or_with_too_wide_a_layer_says_so() -> None:
    with pytest.raises(DesignError, match="no last hidden layer"):
        last_weighted_layer(Architecture(input_shape=(4,), layers=[ReLU()]))
    wide = Architecture(input_shape=(1, 100, 100), layers=[Flatten(), Linear(out_features=2)])
    with pytest.raises(DesignError, match="gets 10,000 values of a sample; up to 8,192"):
        check_width(wide)


def test_constant_samples_and_few_training_samples_are_no_error() -> None:
    flat = Architecture(input_shape=(1,), layers=[Linear(out_features=2)])
    asked = NetRequest(flat, build_untrained(flat, 0).state_dict(), Scale(), np.ones((3, 1), np.float32))
    found = embed(asked, method="PCA", drawn=np.arange(2), training=np.arange(1))
    assert not found.points.any()
    assert found.nearest.tolist() == [[0], [0], [0]]
