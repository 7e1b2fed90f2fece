"""Files that browsers send: bounded, on the disk, and gone when their session is."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from cnnviz.errors import LimitError
from cnnviz.settings import Settings
from cnnviz.ui.received_files import MAX_FILES, ReceivedFiles

ANNA, BERT = "s" + "a" * 31, "s" + "b" * 31
LIMITS = Settings(max_owner_incoming_bytes=100, max_incoming_bytes=150)


@pytest.fixture
def files(tmp_path: Path) -> ReceivedFiles:
    return ReceivedFiles(tmp_path / "received", LIMITS)


def send(files: ReceivedFiles, owner: str, file_id: str, size: int, session: str = "") -> None:
    with files.receive(owner, session or owner, file_id, size) as file:
        assert files.find(session or owner, file_id) is None  # not whole yet
        file.path.write_bytes(bytes(size))


def on_disk(tmp_path: Path) -> int:
    return sum(path.stat().st_size for path in (tmp_path / "received").iterdir())


def test_a_file_is_there_until_it_is_removed(files: ReceivedFiles, tmp_path: Path) -> None:
    send(files, ANNA, "1", 60)
    found = files.find(ANNA, "1")
    assert found
    assert (found.size, found.path.read_bytes()) == (60, bytes(60))
    assert files.find(BERT, "1") is None
    files.remove(BERT, "1")
    assert on_disk(tmp_path) == 60
    files.remove(ANNA, "1")
    files.remove(ANNA, "1")
    assert (files.find(ANNA, "1"), on_disk(tmp_path)) == (None, 0)
    send(files, ANNA, "2", 100)  # there is room again


def test_what_is_on_its_way_counts_before_its_first_byte(files: ReceivedFiles, tmp_path: Path) -> None:
    with files.receive(ANNA, ANNA, "1", 60):
        with pytest.raises(LimitError, match=r"^Your files that are waiting to be used take"):
            send(files, ANNA, "2", 50)
        send(files, BERT, "1", 80)
        with pytest.raises(LimitError, match=r"^Many files are being sent to this server"):
            send(files, "s" + "c" * 31, "1", 20)
    assert files.find(ANNA, "1")


def test_what_does_not_arrive_whole_is_deleted(files: ReceivedFiles, tmp_path: Path) -> None:
    with suppress(OSError), files.receive(ANNA, ANNA, "1", 90) as file:
        file.path.write_bytes(bytes(30))
        raise OSError
    assert (files.find(ANNA, "1"), on_disk(tmp_path)) == (None, 0)
    send(files, ANNA, "2", 100)


def test_files_go_with_their_session_though_the_disk_fails_for_another(
    files: ReceivedFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for owner in (ANNA, BERT):
        send(files, owner, "1", 50)
    files.sweep({ANNA, BERT})
    assert on_disk(tmp_path) == 100
    files.sweep({BERT})
    assert (on_disk(tmp_path), files.find(ANNA, "1")) == (50, None)
    assert files.find(BERT, "1")

    def fail(*_: object, **__: object) -> None:
        raise OSError("read-only")

    monkeypatch.setattr(Path, "unlink", fail)
    files.sweep(set())
    assert files.find(BERT, "1") is None


def test_many_at_once_stay_within_the_limits(files: ReceivedFiles, tmp_path: Path) -> None:
    start = threading.Barrier(8)

    def send_one(number: int) -> bool:
        start.wait()
        try:
            send(files, f"owner {number}", "1", 40)
        except LimitError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(send_one, range(8))) == 3
    assert on_disk(tmp_path) == 120


def test_what_an_earlier_server_has_left_is_deleted(files: ReceivedFiles, tmp_path: Path) -> None:
    send(files, ANNA, "1", 50)
    ReceivedFiles(tmp_path / "received", LIMITS)
    assert on_disk(tmp_path) == 0


def test_a_file_without_room_is_found_with_the_reason_and_takes_none(files: ReceivedFiles, tmp_path: Path) -> None:
    for number in range(3 * MAX_FILES):
        files.refuse(ANNA, ANNA, str(number), "no room")
    found = [files.find(ANNA, str(number)) for number in range(3 * MAX_FILES)]
    assert [file.refusal if file else None for file in found] == [None] * 2 * MAX_FILES + ["no room"] * MAX_FILES
    send(files, ANNA, "mine", 100)
    files.sweep(set())
    assert files.find(ANNA, str(3 * MAX_FILES - 1)) is None


def test_small_files_are_counted(files: ReceivedFiles) -> None:
    for number in range(MAX_FILES):
        send(files, ANNA, str(number), 1)
    with pytest.raises(LimitError, match=rf"^{MAX_FILES} of your files are already waiting"):
        send(files, ANNA, "one more", 1)
    send(files, BERT, "1", 1)
