import os
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.data.archive_member import (
    MAX_DEPTH,
    MAX_NAME_LENGTH,
    ArchiveMember,
    is_ignored,
    split_path,
    strip_common_folders,
)
from cnnviz.errors import DataError

pieces = st.sampled_from(["..", ".", "", "/", "\\", "C:", "a", "low", "\0", "~", "e\u0301", "\u202e", " "]) | st.text(
    max_size=4
)


@settings(max_examples=300, deadline=None)
@given(st.lists(pieces, max_size=12).map("/".join) | st.text(max_size=30) | st.lists(pieces).map("".join))
def test_whatever_is_accepted_stays_inside_and_can_be_shown(path: str) -> None:
    with suppress(DataError):
        path_parts = split_path(path)
        inside = os.path.normpath(os.path.join("/data", *path_parts))
        assert inside == "/".join(("/data", *path_parts))
        assert len(path_parts) <= MAX_DEPTH + 1
        assert all(0 < len(part) <= MAX_NAME_LENGTH and "\\" not in part and "\0" not in part for part in path_parts)
        "/".join(path_parts).encode()
        assert not path_parts or split_path("/".join(path_parts)) == path_parts


def test_a_folder_that_names_itself_is_left_out_of_a_path() -> None:
    assert split_path("./yes/./a.wav") == ("yes", "a.wav")
    assert split_path(".") == ()


@pytest.mark.parametrize(
    ("path", "passed"),
    [
        ("__MACOSX/a", True),
        ("low/.DS_Store", True),
        ("low/Thumbs.db", True),
        (".git/config", True),
        ("_background_noise_/white.wav", True),
        ("low/a.wav", False),
        ("Desktop/a.wav", False),
        ("_silence_/a.wav", False),
    ],
)
def test_what_systems_leave_is_ignored(path: str, passed: bool) -> None:
    assert is_ignored(split_path(path)) == passed


def test_only_folders_around_everything_are_passed_over() -> None:
    def of(*paths: str) -> list[str]:
        split = [path.split("/") for path in paths]
        return [
            member.path
            for member in strip_common_folders([ArchiveMember(tuple(folders), name, 0, 0) for *folders, name in split])
        ]

    assert of("top/a/1", "top/b/2", "top/list") == ["a/1", "b/2", "list"]
    assert of("top/in/a/1", "top/in/b/2", "top/in/list") == ["a/1", "b/2", "list"]
    assert of("top/in/a/1", "top/in/a/2") == ["a/1", "a/2"]
    assert of("a/1", "b/2") == ["a/1", "b/2"]
    assert of("a/1", "a/2") == ["a/1", "a/2"]
    assert of("top/a/1", "list") == ["top/a/1", "list"]
    assert of() == []
