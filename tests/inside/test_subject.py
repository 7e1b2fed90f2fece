"""Subject: the net it builds is the run's, and the sample is what the net gets."""

import numpy as np
import torch

from cnnviz.architecture import build_model
from cnnviz.data.scaling import Scale
from cnnviz.inside import Subject
from cnnviz.presets import PRESETS

LAB = PRESETS["lab-convnet"].architecture
RAW = np.random.default_rng(0).normal(size=LAB.input_shape).astype(np.float32)


def test_an_untrained_net_is_that_of_its_seed_and_other_random_numbers_stay_as_they_are() -> None:
    torch.manual_seed(3)
    expected = build_model(LAB).state_dict()
    torch.manual_seed(1)
    first = torch.rand(3)
    torch.manual_seed(1)
    built = Subject.from_raw(LAB, RAW, seed=3).build()
    assert torch.equal(torch.rand(3), first)
    assert all(torch.equal(value, built.state_dict()[name]) for name, value in expected.items())
    assert not built.training


def test_a_trained_net_has_the_weights_that_are_given() -> None:
    weights = build_model(LAB).state_dict()
    built = Subject.from_raw(LAB, RAW, weights=weights).build()
    assert all(torch.equal(value, built.state_dict()[name]) for name, value in weights.items())


def test_the_sample_is_scaled_and_an_edited_one_too() -> None:
    scale = Scale(0.5, np.full((1, 1, 1, 1), 2, np.float32), np.full((1, 1, 1, 1), 4, np.float32))
    subject = Subject.from_raw(LAB, RAW, scale=scale)
    np.testing.assert_array_equal(subject.sample.numpy(), scale.apply(RAW[None]))
    np.testing.assert_array_equal(subject.with_raw_sample(RAW * 2).sample.numpy(), scale.apply(RAW[None] * 2))


def test_axes_without_names_have_those_of_torch() -> None:
    assert Subject.from_raw(LAB, RAW).axis_names == ("channels", "height", "width")
    assert Subject.from_raw(LAB, RAW, axes=("channel", "time", "band")).axis_names == ("channel", "time", "band")
