"""What a student has given as a sample, and what was computed of it: kept in one place, and deleted together."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from streamlit.runtime.uploaded_file_manager import UploadedFile

from cnnviz.ui.state import session_dict
from cnnviz.ui.widgets.uploader import forget_files

FILE = "file"
MAX_RESULTS = 16
T = TypeVar("T")


def own_results() -> dict[Hashable, Any]:
    """Returns the file, what was read from it, and what was computed of it, by name."""
    return session_dict("own-results")


def forget_own_sample() -> None:
    """Deletes what a student has given, and what was computed of it."""
    forget_files(own_results().pop(FILE, None))
    own_results().clear()


def hold_file(file: UploadedFile) -> None:
    """Has the results be those of this file; those of another one are deleted with it."""
    held = own_results().get(FILE)
    if held is None or held.file_id != file.file_id:
        forget_own_sample()
        own_results()[FILE] = file


def own_result(key: Hashable, compute: Callable[[], T]) -> T:
    """Returns what `compute` returns, computed once, and kept until the sample is forgotten or many others came."""
    results = own_results()
    if key not in results:
        results[key] = compute()
        computed = [other for other in results if isinstance(other, tuple)]
        for other in computed[:-MAX_RESULTS]:
            del results[other]
    result: T = results[key]
    return result
