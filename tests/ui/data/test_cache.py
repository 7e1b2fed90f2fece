import gc
import threading
import time
import weakref
from dataclasses import replace

import numpy as np
import pytest

from cnnviz.data import DATASETS
from cnnviz.data.content import Content
from cnnviz.ui.data.cache import RESULTS, ContentCache, ResultCache

DIGITS = DATASETS["digits"]


def content() -> Content:
    return Content(np.zeros((4, 2), np.float32), np.zeros(4, np.int64), ("a",))


def test_the_last_ones_are_kept_and_those_under_another_version_are_others() -> None:
    known, first = ContentCache(max_datasets=2), content()
    known.put(DIGITS, first)
    newer = replace(DIGITS, version="2")
    assert known.get(newer) is None
    known.put(newer, content())
    assert known.get(DIGITS) is first  # looked at: the other one goes
    known.put(DATASETS["voxels"], content())
    assert known.get(newer) is None
    assert known.get(DIGITS) is first
    known.drop("digits")
    assert known.get(DIGITS) is None
    assert known.get(DATASETS["voxels"]) is not None


def test_a_result_is_computed_once_for_all_who_ask_and_goes_with_its_content() -> None:
    held, calls = content(), []

    def make() -> int:
        calls.append(1)
        time.sleep(0.05)  # long enough for the others to come
        return 7

    threads = [threading.Thread(target=RESULTS.get, args=(held, "seven", make)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert RESULTS.get(held, "seven", make) == 7
    assert calls == [1]
    gone = weakref.ref(held)
    del held, threads, thread
    gc.collect()
    assert gone() is None


def test_who_wants_another_result_does_not_wait() -> None:
    """An embedding of seconds held up every page that wanted a split of the same data set."""
    held, asked_other = content(), threading.Event()
    thread = threading.Thread(target=RESULTS.get, args=(held, "slow", lambda: asked_other.wait(60)))
    thread.start()
    assert RESULTS.get(held, "quick", lambda: 1) == 1
    asked_other.set()
    thread.join()
    assert RESULTS.get(held, "slow", lambda: False) is True


def test_what_fails_is_tried_again() -> None:
    held = content()

    def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        RESULTS.get(held, 1, fail)
    assert RESULTS.get(held, 1, lambda: 2) == 2


def test_those_who_open_a_data_set_at_once_read_it_once() -> None:
    known, dataset, read = ContentCache(), DATASETS["digits"], []
    together = threading.Barrier(6)

    def open_it() -> None:
        together.wait()
        with known.reading(dataset):
            if known.get(dataset) is None:
                time.sleep(0.05)  # as long as reading takes
                read.append(content())
                known.put(dataset, read[-1])

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read) == 1


def test_only_the_newest_results_are_kept_and_those_of_other_contents_are_others() -> None:
    results, first, second = ResultCache(max_results=2), content(), content()
    assert [results.get(first, key, lambda key=key: key) for key in "abc"] == ["a", "b", "c"]  # type: ignore[misc]
    assert results.get(first, "c", lambda: "again") == "c"
    assert results.get(first, "a", lambda: "again") == "again"
    assert results.get(second, "c", lambda: "another's") == "another's"
