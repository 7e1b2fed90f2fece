"""What the browser draws of one value: its result is torch's, to the last digit that is shown."""

import itertools

import numpy as np
import pytest
import torch

from cnnviz.inside import Subject
from cnnviz.inside.feature_maps import record_maps
from cnnviz.inside.one_value import crop_window, has_window
from cnnviz.presets import PRESETS
from cnnviz.ui.inside.one_value import number_texts, window_data


@pytest.mark.parametrize("name", ["lab-convnet", "raw-1d", "voxels-3d", "keywords-residual", "digits-convnet"])
def test_each_result_is_torchs_to_the_last_shown_digit(name: str) -> None:
    architecture = PRESETS[name].architecture
    raw = np.random.default_rng(0).normal(size=architecture.input_shape).astype(np.float32)
    subject = Subject.from_raw(architecture, raw)
    maps = record_maps(architecture, subject.build(), subject.sample)
    with torch.no_grad():
        assert torch.equal(maps[-1].after, subject.build()(subject.sample))
    for record in filter(has_window, maps):
        crop = crop_window(maps, record, 0, 0, [size // 2 for size in record.after.shape[2:]])
        axes = record.after.dim() - 2
        data = window_data(record, crop, ("depth", "height", "width")[-axes:])
        result = np.array(data["result"])
        for position in itertools.product(*(range(size) for size in crop.result.shape)):
            value = float(record.after[(0, 0, *np.add(crop.starts, position))])
            shown = result[(0,) * (3 - axes) + position]
            assert shown == f"{value:.4g}" or float(shown) == round(value)
        assert len(data["tracks"]) == 3


def test_a_number_has_as_many_digits_as_are_asked_for() -> None:
    assert number_texts(torch.tensor([0.123456, -12.3456, 0.0]), 3) == ["0.123", "-12.3", "0"]
