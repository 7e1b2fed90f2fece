from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from cnnviz.charts.overview import class_counts_figure, histogram_figure
from cnnviz.charts.samples import (
    LINE_COLOUR,
    MAX_LINE_POINTS,
    encode_picture,
    spectrogram_figure,
    thumbnail,
    waveform_figure,
)
from cnnviz.data.audio import Features

SHAPES = {
    ("channel", "time", "band"): (1, 99, 26),
    ("band", "time"): (26, 99),
    ("channel", "time"): (1, 8000),
    ("channel", "height", "width"): (1, 8, 8),
    ("channel", "depth", "height", "width"): (1, 16, 16, 16),
}


@pytest.mark.parametrize("axes", SHAPES)
@pytest.mark.parametrize("width", [40, 150])
def test_any_sample_becomes_a_picture_as_wide_as_asked_for(axes: tuple[str, ...], width: int) -> None:
    sample = np.random.default_rng(0).normal(size=SHAPES[axes]).astype(np.float32)
    image = thumbnail(sample, axes, width)
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[1] >= width
    assert image.min() != image.max()


@pytest.mark.parametrize("axes", SHAPES)
def test_a_picture_file_is_the_picture_no_wider_than_asked_for(axes: tuple[str, ...]) -> None:
    smooth = np.linspace(0, 3, int(np.prod(SHAPES[axes])), dtype=np.float32).reshape(SHAPES[axes])
    image = thumbnail(smooth, axes, 150)
    decoded = Image.open(BytesIO(encode_picture(image, 150)))
    assert (decoded.format, decoded.width) == ("PNG" if image.shape[2] == 4 else "JPEG", 150)
    expected = Image.fromarray(image).resize(decoded.size, Image.Resampling.BILINEAR)
    assert np.abs(np.asarray(decoded, float) - np.asarray(expected, float)).mean() < 6
    if decoded.format == "PNG":
        np.testing.assert_array_equal(decoded, image)


@pytest.mark.parametrize("shape", [(7,), (1, 9), (4, 9), (3, 5, 6), (2, 5, 6), (1, 1, 1), (2, 3, 4, 5)])
def test_samples_whose_axes_nobody_knows_are_drawn_too(shape: tuple[int, ...]) -> None:
    for sample in (np.zeros(shape, np.float32), np.arange(np.prod(shape), dtype=np.float32).reshape(shape)):
        assert thumbnail(sample, (), 30).shape[1] >= 30


def test_time_goes_to_the_right_and_high_bands_are_at_the_top() -> None:
    sample = np.zeros((1, 10, 4), np.float32)
    sample[0, 9, 3] = 1  # the last frame, the highest band
    image = thumbnail(sample, ("channel", "time", "band"), 10).astype(int)
    bright = np.argwhere(image.sum(axis=2) == image.sum(axis=2).max())
    assert bright[:, 0].max() < image.shape[0] / 4 + 1
    assert bright[:, 1].min() == image.shape[1] - 1
    other = thumbnail(np.ascontiguousarray(sample[0].T), ("band", "time"), 10)
    np.testing.assert_array_equal(image, other)


def test_pictures_are_grey_or_in_their_own_colours() -> None:
    axes = ("channel", "height", "width")
    grey = thumbnail(np.random.default_rng(0).random((1, 4, 4)).astype(np.float32), axes, 4)
    assert (grey[..., 0] == grey[..., 1]).all()
    red = np.zeros((3, 4, 4), np.float32)
    red[0] = 1
    np.testing.assert_array_equal(thumbnail(red, axes, 4), np.broadcast_to([255, 0, 0], (4, 4, 3)))


def test_a_signal_is_a_line_on_nothing() -> None:
    image = thumbnail(np.sin(np.linspace(0, 20, 500))[None].astype(np.float32), ("channel", "time"), 60)
    assert set(map(tuple, image.reshape(-1, 4))) == {(0, 0, 0, 0), (*LINE_COLOUR, 255)}
    assert (image[..., 3] > 0).any(axis=0).all()


def test_a_spectrogram_has_seconds_and_hertz() -> None:
    features = Features()
    picture = np.random.default_rng(0).random((99, 26)).astype(np.float32)
    figure = spectrogram_figure(picture, features.frame_times(99), features.band_centres)
    assert figure.layout.xaxis.title.text == "time in seconds"
    assert figure.layout.yaxis.title.text == "frequency in hertz"
    assert figure.layout.yaxis.ticktext[0] == f"{features.band_centres[0]:,.0f}"
    np.testing.assert_array_equal(figure.data[0].z, picture.T)
    np.testing.assert_array_equal(figure.data[0].x, features.frame_times(99))
    assert spectrogram_figure(picture[:, :13], features.frame_times(99), None).layout.yaxis.title.text == "coefficient"


@pytest.mark.parametrize("length", [100, 16_000, 480_000])
def test_a_wave_keeps_its_highest_and_lowest_values(length: int) -> None:
    sound = (np.random.default_rng(0).normal(size=length) * 5000).astype(np.int16)
    (line,) = waveform_figure(sound, 16_000).data
    assert len(line.y) <= MAX_LINE_POINTS
    assert max(line.y) == pytest.approx(sound.max() / 2**15, abs=1e-2)
    assert min(line.y) == pytest.approx(sound.min() / 2**15, abs=1e-2)


def test_counts_are_stacked_by_part() -> None:
    figure = class_counts_figure(["no", "yes"], ["training", "test"], np.array([[8, 9], [1, 2]]))
    assert [(bar.name, tuple(bar.y)) for bar in figure.data] == [("training", (8, 9)), ("test", (1, 2))]
    assert figure.layout.barmode == "stack"


def test_values_are_drawn_as_steps() -> None:
    edges, shares = np.array([0.0, 1.0, 2.0]), np.array([25.0, 75.0])
    (line,) = histogram_figure({"as they are": (edges, shares)}).data
    assert list(line.x) == [0, 1, 1, 2]
    assert list(line.y) == [25, 25, 75, 75]


@pytest.mark.parametrize("shape", [(1, 200_000, 1), (1, 1, 200_000), (3, 100_000, 2), (1, 700, 900), (2, 3, 5000, 40)])
@pytest.mark.parametrize("axes", [(), ("channel", "time", "band")])
def test_no_picture_is_larger_than_a_page_shows(shape: tuple[int, ...], axes: tuple[str, ...]) -> None:
    """A sample of 16,000 rows once became a picture of a gigabyte."""
    if len(shape) != 3:
        axes = ()
    image = thumbnail(np.random.default_rng(0).random(shape).astype(np.float32), axes, 320)
    assert image.shape[0] <= 1024
    assert image.shape[1] <= 1024


def test_a_long_sound_is_drawn_with_means_of_its_frames() -> None:
    picture = np.random.default_rng(0).random((15_000, 128)).astype(np.float32)
    (drawn,) = spectrogram_figure(picture, np.linspace(0, 30, 15_000), Features(bands=128).band_centres).data
    assert drawn.z.shape == (128, 1000)
    np.testing.assert_allclose(drawn.z[:, 0], picture[:15].mean(axis=0), rtol=1e-5)
    assert drawn.x[-1] == pytest.approx(30, abs=0.05)
