from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cnnviz.data.augmentation import Augmentation, AugmentationAxes

SOUND, BANDS, PICTURE = ("channel", "time", "band"), ("band", "time"), ("channel", "height", "width")
VOLUME = ("channel", "depth", "height", "width")


def changed(x: torch.Tensor, axes: tuple[str, ...], seed: int = 0, **values: Any) -> torch.Tensor:
    return Augmentation(**values).apply(x, axes, 1.0, torch.Generator().manual_seed(seed))


def numbered(*shape: int) -> torch.Tensor:
    return torch.arange(float(torch.Size(shape).numel())).reshape(shape)


def test_nothing_is_done_by_default() -> None:
    x = numbered(4, 1, 6, 5)
    assert changed(x, SOUND) is x


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([SOUND, BANDS, PICTURE, VOLUME, ("channel", "time"), (), ("channel",)]))
def test_shapes_stay_and_values_are_finite(data: st.DataObject, axes: tuple[str, ...]) -> None:
    count = len(axes) or data.draw(st.integers(1, 4))
    x = torch.randn(
        data.draw(st.integers(1, 5)), *data.draw(st.lists(st.integers(1, 6), min_size=count, max_size=count))
    )
    before = x.clone()
    values = {
        name: data.draw(st.sampled_from([0, 1, 3, 200])) for name in ("time_shift", "time_mask", "band_mask", "shift")
    }
    out = changed(x, axes, flip=data.draw(st.booleans()), noise=data.draw(st.sampled_from([0.0, 0.5])), **values)
    assert out.shape == x.shape
    assert out.isfinite().all()
    torch.testing.assert_close(x, before)


def test_a_time_shift_moves_all_bands_together_and_loses_nothing() -> None:
    x = numbered(200, 1, 9, 4)
    out = changed(x, SOUND, time_shift=2)
    shifts = set()
    for sample, augmented in zip(x, out, strict=True):
        fitting = [shift for shift in range(-4, 5) if torch.equal(sample.roll(shift, 1), augmented)]
        shifts |= set(fitting)
        assert len(fitting) == 1
    assert shifts == {-2, -1, 0, 1, 2}


def test_a_picture_is_shifted_along_both_axes_and_its_edge_repeated() -> None:
    x = numbered(300, 1, 5, 5) % 25
    out = changed(x, PICTURE, shift=1)
    padded = torch.nn.functional.pad(x, (1, 1, 1, 1), mode="replicate")
    seen = set()
    for sample, augmented in zip(padded, out, strict=True):
        windows = {(i, j): sample[:, i : i + 5, j : j + 5] for i in range(3) for j in range(3)}
        (place,) = [place for place, window in windows.items() if torch.equal(window, augmented)]
        seen.add(place)
    assert len(seen) == 9


def test_a_flip_mirrors_about_half_of_the_samples() -> None:
    x = numbered(400, 2, 3, 4)
    out = changed(x, PICTURE, flip=True)
    mirrored = [torch.equal(sample.flip(-1), augmented) for sample, augmented in zip(x, out, strict=True)]
    kept = [torch.equal(sample, augmented) for sample, augmented in zip(x, out, strict=True)]
    assert all(a != b for a, b in zip(mirrored, kept, strict=True))
    assert 150 < sum(mirrored) < 250


@pytest.mark.parametrize(("name", "axis", "size"), [("time_mask", 2, 20), ("band_mask", 3, 8)])
def test_a_mask_hides_one_stretch_with_the_mean(name: str, axis: int, size: int) -> None:
    x = torch.randn(300, 1, 20, 8)
    out = changed(x, SOUND, **{name: 5})
    widths = set()
    for sample, augmented in zip(x, out, strict=True):
        hidden = (augmented == sample.mean()).all(dim=5 - axis - 1).squeeze(0)
        places = hidden.nonzero().flatten().tolist()
        assert places == list(range(places[0], places[0] + len(places))) if places else True
        kept = [place for place in range(size) if place not in places]
        torch.testing.assert_close(
            augmented.index_select(axis - 1, torch.tensor(kept)), sample.index_select(axis - 1, torch.tensor(kept))
        )
        widths.add(len(places))
    assert widths == set(range(6))


def test_noise_has_the_deviation_that_was_asked_for() -> None:
    x = torch.zeros(50, 1, 20, 20)
    out = Augmentation(noise=0.5).apply(x, (), 4.0, torch.Generator().manual_seed(0))
    assert float(out.std()) == pytest.approx(2.0, rel=0.05)


def test_the_seed_decides() -> None:
    x = torch.randn(8, 1, 9, 5)
    values: dict[str, Any] = {"time_shift": 3, "noise": 0.1, "time_mask": 3, "band_mask": 2}
    torch.testing.assert_close(changed(x, SOUND, **values), changed(x, SOUND, **values), rtol=0, atol=0)
    assert not torch.equal(changed(x, SOUND, **values), changed(x, SOUND, seed=1, **values))


@pytest.mark.parametrize(
    ("axes", "count", "fields"),
    [
        (SOUND, 3, {"time_shift", "noise", "time_mask", "band_mask"}),
        (BANDS, 2, {"time_shift", "noise", "time_mask", "band_mask"}),
        (("channel", "time"), 2, {"time_shift", "noise", "time_mask"}),
        (PICTURE, 3, {"noise", "shift", "flip"}),
        (VOLUME, 4, {"noise", "shift", "flip"}),
        ((), 3, set(Augmentation.model_fields)),
        ((), 2, {"time_shift", "noise", "time_mask"}),
        ((), 1, {"noise"}),
    ],
)
def test_only_what_changes_such_samples_is_offered(axes: tuple[str, ...], count: int, fields: set[str]) -> None:
    assert set(AugmentationAxes(axes, count).applicable_fields) == fields
    x = torch.randn(64, *[6] * count)
    for name in Augmentation.model_fields:
        value: Any = True if name == "flip" else 0.5 if name == "noise" else 3
        assert (not torch.equal(changed(x, axes, **{name: value}), x)) == (name in fields)


@pytest.mark.parametrize("values", [{"noise": -0.1}, {"time_shift": -1}, {"shift": 10**9}, {"flip": 2}, {"tilt": 1}])
def test_the_bounds_are_kept(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Augmentation(**values)
