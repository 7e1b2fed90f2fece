"""Occlusion in a process of its own, and the windows that can be chosen; occlusion itself is compared with captum."""

import threading

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.architecture import Architecture
from cnnviz.data.scaling import Scale
from cnnviz.inside.net_request import NetRequest
from cnnviz.inside.occlusion import MAX_WINDOWS, occlusion, window_choices, window_masks
from cnnviz.inside.occlusion_process import OCCLUSION_PROCESS, occlude
from cnnviz.inside.subject import build_untrained
from cnnviz.layers import Conv2d, Flatten, Linear, ReLU

DESIGN = Architecture(
    input_shape=(2, 9, 7),
    layers=[Conv2d(out_channels=4, kernel_size=3), ReLU(), Flatten(), Linear(out_features=3)],
)
WINDOWS = ((3, 2), (1, 1))


def request_of(x: np.ndarray) -> NetRequest:
    return NetRequest(DESIGN, build_untrained(DESIGN, 3).state_dict(), Scale(0.5), x)


def test_a_process_finds_what_this_one_does_for_the_net_and_for_random_weights() -> None:
    x = np.random.default_rng(0).normal(1, 1, (1, 2, 9, 7)).astype(np.float32)
    sample = torch.from_numpy(np.maximum(x[0], 0.5))
    own = occlude(request_of(x), label=1, windows=WINDOWS, cover=0.25)
    random = occlude(request_of(x), label=1, windows=WINDOWS, cover=0.25, seeds=[5, 6])
    for found, seed in zip([*own, *random], [3, 5, 6], strict=True):
        model = build_untrained(DESIGN, seed)
        expected = occlusion(model, sample, 1, window=WINDOWS[0], stride=WINDOWS[1], cover=0.25, batch_size=1)
        torch.testing.assert_close(torch.from_numpy(found), expected)


def test_a_job_behind_another_says_that_it_waits_and_then_how_far_it_is() -> None:
    """An empty bar stood there until the other one was done."""
    other_is_done = threading.Timer(0.1, OCCLUSION_PROCESS.semaphore.release)
    OCCLUSION_PROCESS.semaphore.acquire()
    told: list[float | None] = []

    def report(share: float | None) -> None:
        if not told:
            other_is_done.start()
        told.append(share)

    occlude(request_of(np.ones((1, 2, 9, 7), np.float32)), label=0, windows=WINDOWS, cover=0, on_progress=report)
    assert told[0] is None
    assert None not in told[len([share for share in told if share is None]) :]


def test_a_net_that_cannot_answer_is_refused_with_a_sentence() -> None:
    batch = np.ones((1, 2, 9, 7), np.float32)
    with pytest.raises(Exception, match=r"^Covering this sample window by window failed inside cnnviz") as refusal:
        occlude(request_of(batch), label=7, windows=WINDOWS, cover=0)  # it has three classes
    assert type(refusal.value).__name__ == "CnnvizError"


@given(st.lists(st.integers(1, 40), min_size=1, max_size=4).map(tuple))
def test_windows_to_choose_differ_grow_and_can_be_afforded(shape: tuple[int, ...]) -> None:
    windows = window_choices(shape)
    assert "medium" in windows
    assert len(set(windows.values())) == len(windows)
    sizes = [np.prod(window) for window, _ in windows.values()]
    assert sizes == sorted(set(sizes))
    assert all(len(window_masks(shape, *window)) <= MAX_WINDOWS for window in windows.values())


def test_small_and_medium_are_one_window_on_voxels() -> None:
    assert list(window_choices((1, 16, 16, 16))) == ["medium", "large"]
