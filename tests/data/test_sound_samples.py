"""Samples made of a data set's own recordings are those that it has."""

import numpy as np
import pytest

from cnnviz.data.digits import DIGITS
from cnnviz.data.sound_samples import samples_of_sounds
from cnnviz.data.spoken_words import (
    WORDS,
    WORDS_BANDS,
    WORDS_RAW,
    bands_as_channels,
    log_mel_pictures,
    raw_signal,
    read_sounds,
)

CLIPS = read_sounds("yes")[:3]


@pytest.mark.parametrize(
    ("dataset", "own"),
    [
        (WORDS, log_mel_pictures),
        (WORDS_BANDS, lambda clips: bands_as_channels(log_mel_pictures(clips))),
        (WORDS_RAW, raw_signal),
    ],
)
def test_a_recording_becomes_the_sample_that_the_data_set_has_of_it(dataset, own) -> None:
    samples = samples_of_sounds(dataset, CLIPS)
    assert samples.shape == (3, *dataset.shape)
    np.testing.assert_array_equal(samples, own(CLIPS))


def test_a_data_set_that_is_not_made_of_sound_gets_no_samples_of_it() -> None:
    assert samples_of_sounds(DIGITS, CLIPS) is None
