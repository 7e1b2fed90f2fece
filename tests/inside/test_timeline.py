"""What a net answers along a recording: each window as torch answers to it, and the words that are told of it."""

import numpy as np
import pytest
import torch

from cnnviz.charts.timeline import NOTHING_HEARD, describe_words, drawn_labels, timeline_figure
from cnnviz.data.audio import Features
from cnnviz.data.scaling import Scale
from cnnviz.data.sound_samples import SampleLayout
from cnnviz.data.spoken_words import log_mel_pictures, read_sounds
from cnnviz.errors import DataError
from cnnviz.inside.net_request import NetRequest
from cnnviz.inside.subject import build_untrained
from cnnviz.inside.timeline import HeardWord, Timeline, heard_words, word_timeline
from cnnviz.presets import PRESETS

RATE = 16_000
DESIGN = PRESETS["lab-convnet"].architecture


def test_each_window_gets_the_answer_that_torch_gives_to_it() -> None:
    model = build_untrained(DESIGN, 0).eval()
    moments = {"mean": np.full((1, 1, 1, 1), 3, np.float32), "std": np.full((1, 1, 1, 1), 2, np.float32)}
    request = NetRequest(DESIGN, model.state_dict(), Scale(0.5, **moments), np.zeros((1, 1, 99, 26), np.float32))
    sound = np.concatenate([read_sounds("yes")[0], read_sounds("no")[3]])[:24_321]
    layout = SampleLayout(Features(), ("channel", "time", "band"), (1, 99, 26))
    found = word_timeline(request, sound, rate=RATE, window=RATE, layout=layout)

    padded = np.pad(sound, RATE // 2)
    windows = np.stack([padded[start : start + RATE] for start in range(0, len(sound), RATE // 10)])
    x = (np.maximum(log_mel_pictures(windows), 0.5) - 3) / 2
    with torch.no_grad():
        expected = model(torch.from_numpy(x)).softmax(1)
    torch.testing.assert_close(torch.from_numpy(found.probabilities), expected)
    np.testing.assert_allclose(found.seconds, np.arange(len(windows)) / 10)
    around = padded.astype(np.float64)[RATE // 2 + 1600 * 3 - 800 :][:1600]
    assert found.loudness[3] == pytest.approx(np.sqrt((around**2).mean()), rel=1e-5)


def test_a_net_whose_training_has_diverged_is_refused() -> None:
    weights = {
        name: torch.full_like(value, torch.nan) for name, value in build_untrained(DESIGN, 0).state_dict().items()
    }
    request = NetRequest(DESIGN, weights, Scale(), np.zeros((1, 1, 99, 26), np.float32))
    layout = SampleLayout(Features(), ("channel", "time", "band"), (1, 99, 26))
    with pytest.raises(DataError, match=r"^This net answers with numbers that are not finite"):
        word_timeline(request, np.ones(100, np.int16), rate=RATE, window=RATE, layout=layout)


def timeline(rows: list[list[float]], loudness: list[float]) -> Timeline:
    return Timeline(np.arange(len(rows)) / 10, np.array(rows, np.float32), np.array(loudness, np.float32))


def test_a_word_is_told_once_at_its_surest_moment_and_not_in_silence_nor_beside_a_surer_one() -> None:
    sure, surer, other, unsure = [0.6, 0.2, 0.2], [0.9, 0.1, 0], [0, 0.7, 0.3], [0.4, 0.3, 0.3]
    found = timeline([sure, surer, sure, unsure, sure, other, other], [5, 5, 5, 5, 5, 5, 0.1])
    words = heard_words(found, apart=0.2)
    assert [(word.second, word.label) for word in words] == [(0.1, 0), (0.5, 1)]
    assert describe_words(words, ["no", "yes", "up"]) == "“no” at 0.1 s (90 %), “yes” at 0.5 s (70 %)"
    assert [word.second for word in heard_words(found, apart=0.05)] == [0.1, 0.4, 0.5]
    assert heard_words(timeline([sure, surer], [0, 0]), apart=0.1) == []
    assert describe_words([], []) == NOTHING_HEARD


def test_the_figure_has_a_line_for_each_drawn_word_whose_points_name_their_windows() -> None:
    found = timeline([[0.1, 0.9], [0.8, 0.2]], [3, 6])
    labels = drawn_labels(found, [HeardWord(0.0, 1, 0.9)])
    figure = timeline_figure(found, ["no", "yes"], labels, marked=0.05)
    assert labels == [1, 0]
    assert [trace.name for trace in figure.data[:2]] == ["yes", "no"]
    for trace, label in zip(figure.data, labels, strict=False):
        np.testing.assert_array_equal(trace.y, found.probabilities[:, label])
        assert list(trace.customdata) == [0, 1]
    np.testing.assert_allclose(figure.data[2].y, [0.5, 1])
    assert figure.layout.shapes[0].x0 == 0.05
