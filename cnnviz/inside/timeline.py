"""What a net answers along a whole recording, found by a window that slides over it, in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from cnnviz.data.audio import Features
from cnnviz.data.browser_recording import stretch_of_sound
from cnnviz.data.sound_samples import SampleLayout, samples_of_sounds
from cnnviz.errors import DataError
from cnnviz.inside.net_request import NetRequest, decode_request
from cnnviz.inside.occlusion import probabilities, uses_batch_statistics
from cnnviz.processes.one_shot import OneShotProcess, OnProgress, report_progress, serve
from cnnviz.processes.tensor_message import decode_message, encode_message

STEP_SECONDS = 0.1
"""Time from one window to the next, or WINDOW_SHARE of a window where that is longer."""
WINDOW_SHARE = 0.1
SURE_FROM = 0.5
"""Probability from which on a word counts as heard."""
LOUD_FROM = 0.1
"""Loudness in the middle of a window, beside the loudest moment, from which on a word counts as heard."""
NO_MEMORY = "Following this recording needs more memory than the server has free. Record a shorter one."
TIMELINE_PROCESS = OneShotProcess(
    module="cnnviz.inside.timeline",
    task="Following this recording",
    busy="Many recordings are being followed just now.",
    timeout_advice="Record a shorter one, or choose a smaller net.",
    no_memory=NO_MEMORY,
    refusal_error=DataError,
)


@dataclass(frozen=True, eq=False)
class Timeline:
    """The answers to the windows of a recording, in order."""

    seconds: npt.NDArray[np.float64]
    """(windows,): the middle of each, after the beginning of the recording."""
    probabilities: npt.NDArray[np.float32]
    """(windows, classes)."""
    loudness: npt.NDArray[np.float32]
    """(windows,): root mean square of the step around the middle of each, on the scale of 16-bit integers."""


@dataclass(frozen=True)
class HeardWord:
    """A class that a net gives at least half of the probability for a while, where that is the highest."""

    second: float
    label: int
    probability: float


def window_middles(samples: int, rate: int, window: int) -> npt.NDArray[np.int64]:
    """Returns the middle of each window in samples: from the beginning of a recording, step by step.

    >>> window_middles(4_000, 16_000, 16_000).tolist()
    [0, 1600, 3200]
    """
    return np.arange(0, samples, _step(rate, window))


def word_timeline(
    request: NetRequest,
    sound: npt.NDArray[np.int16],
    *,
    rate: int,
    window: int,
    layout: SampleLayout,
    on_progress: OnProgress | None = None,
) -> Timeline:
    """Returns what a net answers to each window of a recording, in a process of its own; its samples are not used.

    Silence surrounds the recording. `window` is the length of the sounds that the net was trained on, in samples, and
    `layout` says how its samples are made of them. Raises DataError, LimitError and CnnvizError as the process does.
    """
    features = layout.features.model_dump(mode="json") if layout.features else None
    options = {"rate": rate, "window": window, "features": features, "axes": layout.axes}
    nothing = np.zeros((0, *layout.shape), np.float32)
    asked = replace(request, samples=nothing, options=options, arrays={"sound": sound})
    _, found = decode_message(TIMELINE_PROCESS.run(asked.encode(), on_progress=on_progress))
    return Timeline(*(found[name].numpy() for name in ("seconds", "probabilities", "loudness")))


def heard_words(timeline: Timeline, apart: float) -> list[HeardWord]:
    """Returns the words that a net is sure of where it is not silent, in the order in which they are said.

    Of words that are less than `apart` seconds from each other, only the surest is one: when a word is not in the
    middle of its window, nets often take it for another.
    """
    kept: list[HeardWord] = []
    for word in sorted(_sure_words(timeline), key=lambda word: -word.probability):
        if all(abs(word.second - other.second) >= apart for other in kept):
            kept.append(word)
    return sorted(kept, key=lambda word: word.second)


def _sure_words(timeline: Timeline) -> list[HeardWord]:
    """Returns each stretch of windows with the same sure answer, at its surest window."""
    words: list[HeardWord] = []
    best, sure = timeline.probabilities.argmax(axis=1), timeline.probabilities.max(axis=1)
    counts = (sure >= SURE_FROM) & (timeline.loudness >= LOUD_FROM * timeline.loudness.max(initial=0))
    counts &= timeline.loudness > 0
    before: int | None = None
    for place in range(len(best)):
        label = int(best[place]) if counts[place] else None
        if label is not None:
            word = HeardWord(float(timeline.seconds[place]), label, float(sure[place]))
            if label != before:
                words.append(word)
            elif word.probability > words[-1].probability:
                words[-1] = word
        before = label
    return words


def handle_request(message: bytes) -> bytes:
    """Returns the timeline for an encoded request of `word_timeline`."""
    request = decode_request(message)
    rate, window, features = (request.options[name] for name in ("rate", "window", "features"))
    layout = SampleLayout(
        None if features is None else Features.model_validate(features),
        tuple(request.options["axes"]),
        request.architecture.input_shape,
    )
    sound, model = np.asarray(request.arrays["sound"], np.int16), request.build()
    middles = window_middles(len(sound), rate, window)
    answers: list[torch.Tensor] = []
    batch = 1 if uses_batch_statistics(model) else request.batch_size
    for start in range(0, len(middles), batch):
        part = middles[start : start + batch]
        windows = np.stack([stretch_of_sound(sound, int(middle) - window // 2, window) for middle in part])
        samples = samples_of_sounds(layout, windows)
        if samples is None:
            raise DataError("The samples of this data set cannot be made of sounds.")
        with torch.no_grad():
            answers.append(probabilities(model, torch.from_numpy(np.array(request.scale.apply(samples), np.float32))))
        report_progress(start + len(part), len(middles))
    found = torch.cat(answers)
    if not torch.isfinite(found).all():
        raise DataError("This net answers with numbers that are not finite: its training has diverged.")
    arrays = {"seconds": middles / rate, "loudness": _loudness(sound, middles, _step(rate, window))}
    return encode_message(None, {**arrays, "probabilities": found})


def _step(rate: int, window: int) -> int:
    return max(1, round(STEP_SECONDS * rate), round(WINDOW_SHARE * window))


def _loudness(sound: npt.NDArray[np.int16], middles: npt.NDArray[np.int64], step: int) -> npt.NDArray[np.float32]:
    parts = [stretch_of_sound(sound, int(middle) - step // 2, step).astype(np.float64) for middle in middles]
    return np.array([np.sqrt(np.mean(part**2)) for part in parts], np.float32)


def main() -> None:
    """Answers one request."""
    serve(handle_request, no_memory=NO_MEMORY)
