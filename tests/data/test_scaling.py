import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.data import scaling
from cnnviz.data.scaling import NORMALIZATIONS, Scale, fit_scale, scale_from_parameters
from cnnviz.errors import DataError

OVER = {"global": (0, 1, 2, 3), "channel": (0, 2, 3), "column": (0, 1, 2)}


def samples(count: int = 50, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return (random.normal(size=(count, 2, 5, 3)) * [1, 10, 100] - 7).astype(np.float32)


@pytest.mark.parametrize("block", [7, 1024])
@pytest.mark.parametrize("name", OVER)
def test_training_samples_come_to_mean_0_and_deviation_1(
    name: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scaling, "BLOCK_SIZE", block)
    x = samples()
    before = x.copy()
    scaled = fit_scale(x, None, name).apply(x)
    np.testing.assert_array_equal(x, before)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled.mean(axis=OVER[name], dtype=float), 0, atol=1e-4)
    np.testing.assert_allclose(scaled.std(axis=OVER[name], dtype=float), 1, atol=1e-4)


def test_every_way_is_tried_here() -> None:
    assert OVER.keys() | {"none"} == NORMALIZATIONS.keys()
    assert all(normalization is None or normalization.title for normalization in NORMALIZATIONS.values())


def test_other_samples_are_scaled_by_the_numbers_of_the_training() -> None:
    x, other = samples(), samples(seed=1)
    scale = fit_scale(x, None, "global")
    np.testing.assert_allclose(scale.apply(other), (other - x.mean(dtype=float)) / x.std(dtype=float), atol=1e-3)


def test_a_floor_comes_first() -> None:
    x = samples()
    np.testing.assert_array_equal(fit_scale(x, 0.0).apply(x), np.maximum(x, 0))
    scaled = fit_scale(x, 0.0, "global").apply(x)
    raised = np.maximum(x, 0)
    np.testing.assert_allclose(scaled, (raised - raised.mean(dtype=float)) / raised.std(dtype=float), atol=1e-4)


def test_without_settings_the_samples_are_what_they_were() -> None:
    x = samples()
    assert fit_scale(x).apply(x) is x


@given(st.floats(-1e6, 1e6, width=32), st.sampled_from(list(OVER)))
def test_equal_values_are_not_stretched(value: float, name: str) -> None:
    x = np.full((30, 2, 4, 3), value, np.float32)
    np.testing.assert_allclose(fit_scale(x, None, name).apply(x), 0, atol=max(1e-3, abs(value) * 1e-6))


def test_the_facts_are_json_and_give_the_scale_again() -> None:
    x = samples()
    scale = fit_scale(x, -3.0, "column")
    scale_json = json.loads(json.dumps(scale.to_dict()))
    again = Scale(scale_json["floor"], *(np.array(scale_json[key], np.float32) for key in ("mean", "std")))
    np.testing.assert_array_equal(again.apply(x), scale.apply(x))
    assert fit_scale(x).to_dict() == {"floor": None, "mean": None, "std": None}


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_a_scale_comes_back_from_the_numbers_that_are_stored(name: str) -> None:
    x = samples()
    stored = json.loads(json.dumps(fit_scale(x, -20.0, name).to_dict()))
    scale = scale_from_parameters(**stored, normalization=name, shape=x.shape[1:])
    np.testing.assert_array_equal(scale.apply(x), fit_scale(x, -20.0, name).apply(x))


def test_numbers_of_other_samples_are_refused() -> None:
    with pytest.raises(DataError, match="do not fit"):
        scale_from_parameters(None, [0.0], [1.0], normalization="channel", shape=(2, 5, 3))
