"""Imports in their real process: what comes of them, and that nothing is left of those that end early."""

import os
import time
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import psutil
import pytest

from cnnviz.data import CLASS_OWNER, find_dataset, own_uploads, shared_uploads
from cnnviz.data.audio import Features
from cnnviz.data.form import SoundForm
from cnnviz.errors import DataError, LimitError
from cnnviz.imports import imports as module
from cnnviz.imports.import_job import ImportProgress
from cnnviz.imports.import_process import IMPORTER_MODULE
from cnnviz.imports.imports import Imports
from cnnviz.settings import Settings, settings
from cnnviz.visitors import visitors
from tests.child_processes import SERVER_MODULE, exit_code_after, piped_child
from tests.conftest import WaitFor
from tests.data.upload_files import file_with, sound_bytes, tone, word_recordings, zip_bytes
from tests.designs import ANNA, BERT

NEW = "s" + "9" * 31
"""A student who has just come."""
ROOT = Path(__file__).parents[2]
FORM = SoundForm(features=Features(sample_rate=8000), seconds=0.2)


@pytest.fixture
def limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("CNNVIZ_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "archives").mkdir()
    monkeypatch.setenv("CNNVIZ_DATASETS_DIR", str(tmp_path / "archives"))
    settings.cache_clear()
    yield settings()
    settings.cache_clear()


@pytest.fixture
def imports(limits: Settings) -> Iterator[Imports]:
    running = Imports(limits)
    running.open()
    yield running
    running.close()


def ended(imports: Imports, owner: str, wait_for: WaitFor) -> ImportProgress:
    wait_for(lambda: not now(imports, owner).active)
    return now(imports, owner)


def now(imports: Imports, owner: str) -> ImportProgress:
    progress = imports.progress_of(owner)
    assert progress is not None
    return progress


def left(limits: Settings) -> list[Path]:
    """Files that an import could have left."""
    folders = (limits.data_dir / name for name in ("uploads", "shared", "incoming"))
    return [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]


def many(count: int = 6000) -> bytes:
    """A zip whose import takes a while."""
    one = sound_bytes(tone(440, 8000, 0.1), 8000)
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for number in range(count):
            packed.writestr(f"{'high' if number % 2 else 'low'}/s{number % 7}_{number}.wav", one)
    return stream.getvalue()


def importers() -> list[psutil.Process]:
    """Importers that run; what a killed server of another test left as a zombie does not."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if child.name() == "cnnviz importer" and child.status() != "zombie"]


def test_a_zip_becomes_a_data_set_of_its_owner(imports: Imports, limits: Settings, wait_for: WaitFor) -> None:
    begun = imports.start(ANNA, file_with(zip_bytes(word_recordings())), "Tones", FORM)
    assert begun.active
    done = ended(imports, ANNA, wait_for)
    assert (done.status, done.done, done.total, done.message) == ("done", 24, 24, "24 sounds were read.")
    (name,) = own_uploads().datasets_of(ANNA)
    assert name == begun.name
    dataset = find_dataset(name, ANNA)
    assert (dataset.title, dataset.shape, dataset.axes) == ("Tones", FORM.shape, FORM.axes)
    assert (dataset.features, dataset.split_kinds) == (FORM.features, ("random", "speaker"))
    content = dataset.load_content()
    assert content.sounds is not None
    np.testing.assert_array_equal(content.x[3, 0], FORM.features.compute(content.sounds[3][None])[0])
    assert own_uploads().datasets_of(BERT) == {}
    assert list((limits.data_dir / "incoming").iterdir()) == []
    imports.dismiss(ANNA)
    assert imports.progress_of(ANNA) is None


def test_what_a_new_visitor_sends_may_not_expand_to_more_than_their_part_of_the_room(
    limits: Settings, wait_for: WaitFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A zip of silence takes next to nothing, and its sounds take the room of everybody."""
    silence = sound_bytes(np.zeros(8000), 8000)
    zipped = zip_bytes({f"{word}/{number}.wav": silence for word in ("high", "low") for number in range(200)})
    form = SoundForm(features=Features(sample_rate=8000), seconds=1)
    monkeypatch.setenv("CNNVIZ_MAX_UPLOADS_BYTES", str(24 * 2**20))  # a new visitor may take a quarter
    settings.cache_clear()
    started = Imports(settings())
    started.open()
    assert len(zipped) < 2**20
    visitors().note(NEW, "192.0.2.1")
    started.start(NEW, file_with(zipped), "Silence", form)
    refused = ended(started, NEW, wait_for)
    started.start(ANNA, file_with(zipped), "Silence", form)
    taken = ended(started, ANNA, wait_for)
    started.close()
    assert (refused.status, taken.status) == ("refused", "done")
    assert "at most 6.0 MiB" in refused.message


def test_without_a_form_the_files_suggest_one_and_a_template_names_the_speakers(
    imports: Imports, wait_for: WaitFor
) -> None:
    files = {name.replace("_", " - take "): content for name, content in word_recordings().items()}
    imports.start(ANNA, file_with(zip_bytes(files)), "Takes", template="{speaker} - *")
    assert ended(imports, ANNA, wait_for).status == "done"
    (dataset,) = own_uploads().datasets_of(ANNA).values()
    assert dataset.shape == (1, 99, 26)
    assert dataset.split_kinds == ("random", "speaker")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"no zip at all", "This is not a zip archive"), (zip_bytes({"a.wav": b""}), "The archive has no .wav")],
)
def test_what_cannot_be_used_is_told_and_leaves_nothing(
    imports: Imports, limits: Settings, content: bytes, message: str, wait_for: WaitFor
) -> None:
    imports.start(ANNA, file_with(content), "Bad")
    refused = ended(imports, ANNA, wait_for)
    assert refused.status == "refused"
    assert refused.message.startswith(message)
    assert left(limits) == []


def test_an_import_can_be_cancelled_and_another_one_waits_for_it(
    imports: Imports, limits: Settings, wait_for: WaitFor
) -> None:
    imports.start(ANNA, file_with(many()), "Long", FORM)
    with pytest.raises(LimitError, match=r"^“Long” is still being read\. Wait for it, or cancel it\.$"):
        imports.start(ANNA, file_with(zip_bytes(word_recordings())), "Another")
    imports.start(BERT, file_with(zip_bytes(word_recordings())), "Short", FORM)
    wait_for(lambda: now(imports, ANNA).done > 0)
    assert now(imports, BERT).status == "waiting"
    imports.dismiss(ANNA)  # not while it is read
    imports.cancel(ANNA)
    cancelled = now(imports, ANNA)
    assert (cancelled.status, cancelled.message) == ("cancelled", "It was cancelled; nothing was kept.")
    assert ended(imports, BERT, wait_for).status == "done"
    assert own_uploads().datasets_of(ANNA) == {}
    assert not [path for path in left(limits) if BERT not in path.parts]
    assert importers() == []


@pytest.mark.parametrize("moment", ["at once", "while it reads", "later"])
def test_a_process_that_is_killed_leaves_nothing(
    imports: Imports, limits: Settings, moment: str, wait_for: WaitFor
) -> None:
    imports.start(ANNA, file_with(many()), "Long", FORM)
    wait_for(importers)
    (process,) = importers()
    if moment != "at once":
        least = 1 if moment == "while it reads" else 2000
        wait_for(lambda: now(imports, ANNA).done >= least)
    process.kill()
    refused = ended(imports, ANNA, wait_for)
    assert refused.status == "refused"
    assert refused.message.startswith("Reading it ended unexpectedly (exit code -9)")
    assert left(limits) == []
    imports.start(ANNA, file_with(zip_bytes(word_recordings())), "Again", FORM)
    assert ended(imports, ANNA, wait_for).status == "done"


def test_a_server_that_is_killed_takes_the_import_with_it_and_the_next_one_cleans_up(
    limits: Settings, tmp_path: Path, wait_for: WaitFor
) -> None:
    (tmp_path / "long.zip").write_bytes(many())
    with piped_child(SERVER_MODULE, "read_zip", str(tmp_path / "long.zip")) as server:
        process = psutil.Process(server.process.pid)
        wait_for(process.children)
        (importer,) = process.children()
        wait_for(lambda: left(limits))
        time.sleep(2)  # somewhere in the middle
    wait_for(lambda: not importer.is_running() or importer.status() == psutil.STATUS_ZOMBIE)
    assert left(limits)
    (limits.data_dir / "cache").mkdir()
    (limits.data_dir / "cache" / ".half.npy").write_bytes(b"half")
    folder = limits.data_dir / "uploads" / ANNA / f".upload-{'1' * 32}"
    folder.mkdir(parents=True)
    (folder / "feats.npy").write_bytes(b"half")
    for _ in range(2):  # each of the next servers, until the student has seen it
        after = Imports(limits)
        after.open()
        told = after.progress_of(ANNA)
        assert told
        assert (told.status, told.title) == ("refused", "Long")
        assert told.message == "The server was restarted while this was waiting or being read. Send it again."
        assert len(left(limits)) == 1
        after.close()
    after.dismiss(ANNA)
    assert left(limits) == []
    assert not list((limits.data_dir / "cache").iterdir())
    assert own_uploads().datasets_of(ANNA) == {}


def test_who_waits_or_is_read_when_a_server_is_stopped_is_told_by_the_next(limits: Settings, wait_for: WaitFor) -> None:
    stopped = Imports(limits)
    stopped.open()
    stopped.start(ANNA, file_with(many()), "Long", FORM)
    wait_for(lambda: now(stopped, ANNA).done)
    stopped.start(BERT, file_with(zip_bytes(word_recordings())), "Waits", FORM)
    stopped.close()
    after = Imports(limits)
    after.open()
    assert [now(after, owner).title for owner in (ANNA, BERT)] == ["Long", "Waits"]
    assert not now(after, ANNA).active
    after.start(ANNA, file_with(zip_bytes(word_recordings())), "Again", FORM)
    after.dismiss(BERT)
    assert ended(after, ANNA, wait_for).status == "done"
    after.close()
    assert list((limits.data_dir / "incoming").iterdir()) == []


def test_archives_of_the_server_become_data_sets_for_everybody(
    limits: Settings, tmp_path: Path, wait_for: WaitFor
) -> None:
    archives = tmp_path / "archives"
    (archives / "tones.zip").write_bytes(zip_bytes(word_recordings()))
    for name, content in word_recordings().items():
        path = archives / "a folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (archives / "broken.tar.gz").write_bytes(b"nothing")
    (archives / "notes.txt").write_text("no archive")

    def scan_messages() -> dict[str, str]:
        scanning = Imports(limits)
        scanning.open()
        wait_for(lambda: scanning.scan_done and not [job for job in scanning.class_imports() if job.active])
        messages = {job.title: job.message for job in scanning.class_imports()}
        scanning.close()
        return messages

    assert scan_messages() == {"broken": "“broken.tar.gz” is not a .tar.gz file, or it is damaged."}
    datasets = shared_uploads().datasets_of(CLASS_OWNER)
    assert sorted(dataset.title for dataset in datasets.values()) == ["a folder", "tones"]
    assert all(find_dataset(name, BERT).size == 24 for name in datasets)
    loaders = {name: dataset.load for name, dataset in datasets.items()}
    before = {path: path.stat().st_mtime_ns for path in left(limits)}
    scan_messages()
    assert {path: path.stat().st_mtime_ns for path in left(limits)} == before  # nothing is read again
    (archives / "tones.zip").write_bytes(zip_bytes(word_recordings(10)))
    (archives / "a folder").rename(archives / ".away")
    scan_messages()
    (again,) = shared_uploads().datasets_of(CLASS_OWNER).values()
    assert (again.title, again.size) == ("tones", 20)
    assert again.name in loaders


def test_an_archive_of_the_class_may_have_a_name_that_is_no_utf_8(
    limits: Settings, tmp_path: Path, wait_for: WaitFor
) -> None:
    """Such a name could not be sent to the importer, whose process was left running."""
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / os.fsdecode(b"caf\xe9.zip")).write_bytes(zip_bytes(word_recordings()))
    scanning = Imports(limits.model_copy(update={"datasets_dir": folder}))
    scanning.open()
    wait_for(lambda: scanning.scan_done and not scanning.class_imports())
    scanning.close()
    (dataset,) = shared_uploads().datasets_of(CLASS_OWNER).values()
    assert (dataset.title, dataset.size) == ("caf�", 24)
    assert importers() == []


def test_a_student_with_the_name_of_the_class_is_a_student(imports: Imports, wait_for: WaitFor) -> None:
    """A cookie may hold any name; this one once put data before everybody."""
    imports.start(CLASS_OWNER, file_with(zip_bytes(word_recordings())), "Mine", FORM)
    assert ended(imports, CLASS_OWNER, wait_for).status == "done"
    assert shared_uploads().datasets_of(CLASS_OWNER) == {}
    assert len(own_uploads().datasets_of(CLASS_OWNER)) == 1
    (name,) = own_uploads().datasets_of(CLASS_OWNER)
    with pytest.raises(DataError):
        find_dataset(name, BERT)


def test_only_so_many_wait_to_be_read(imports: Imports, monkeypatch: pytest.MonkeyPatch, wait_for: WaitFor) -> None:
    monkeypatch.setattr(module, "MAX_ACTIVE_IMPORTS", 1)
    imports.start(ANNA, file_with(many()), "Long", FORM)
    with pytest.raises(LimitError, match=r"^1 data sets are already waiting to be read\. Try again in a few"):
        imports.start(BERT, file_with(zip_bytes(word_recordings())), "Another", FORM)
    imports.cancel(ANNA)
    imports.start(BERT, file_with(zip_bytes(word_recordings())), "Another", FORM)
    assert ended(imports, BERT, wait_for).status == "done"


def test_what_waits_is_cancelled_at_once(imports: Imports, limits: Settings, wait_for: WaitFor) -> None:
    imports.start(ANNA, file_with(many()), "Long", FORM)
    imports.start(BERT, file_with(zip_bytes(word_recordings())), "Waits", FORM)
    begun = time.monotonic()
    imports.cancel(BERT)
    assert time.monotonic() - begun < 4  # not until the other one ends
    assert now(imports, BERT).status == "cancelled"
    imports.start(BERT, file_with(zip_bytes(word_recordings())), "Again", FORM)
    imports.cancel(ANNA)
    assert ended(imports, BERT, wait_for).status == "done"
    assert len(list((limits.data_dir / "incoming").iterdir())) == 0


def test_what_has_come_is_handed_over_once(imports: Imports, wait_for: WaitFor) -> None:
    assert not imports.claim_result(ANNA)
    imports.start(ANNA, file_with(zip_bytes(word_recordings())), "Tones", FORM)
    assert not imports.claim_result(ANNA)
    ended(imports, ANNA, wait_for)
    assert imports.claim_result(ANNA)
    assert not imports.claim_result(ANNA)


def test_an_importer_that_gets_no_order_but_garbage_exits() -> None:
    assert exit_code_after(b"import everything\n", IMPORTER_MODULE, "name") == 1
