import io
import random
import stat
import struct
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.data import archive as module
from cnnviz.data.archive import MAX_MEMBER_BYTES, MAX_MEMBERS, Archive, ZipArchive
from cnnviz.data.server_archive import FolderArchive, TarArchive, open_archive
from cnnviz.errors import DataError
from tests.data.upload_files import tar_gz_bytes, zip_bytes

MEGABYTE = 2**20
FILES = {"top/yes/a.wav": b"aaa", "top/yes/b.wav": b"bb", "top/no/c.wav": b"", "top/README.md": b"read me"}
LEFT = {"__MACOSX/top/yes/._a.wav": b"x", "top/.DS_Store": b"x", "top/no/Thumbs.db": b"x", "top/.git/a/b": b"x"}


def archive_of_kind(files: dict[str, bytes], kind: str, folder: Path) -> Archive:
    """The files as an archive of one of four kinds."""
    if kind == "zip":
        return ZipArchive(zip_bytes(files), MEGABYTE)
    if kind == "folder":
        for name, content in files.items():
            path = folder / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return open_archive(folder / "data", MEGABYTE)
    path = folder / ("data.zip" if kind == "stored zip" else "data.tar.gz")
    path.write_bytes(zip_bytes(files) if kind == "stored zip" else tar_gz_bytes(files))
    return open_archive(path, MEGABYTE)


def refusal(content: bytes, max_bytes: int = MEGABYTE) -> str:
    with pytest.raises(DataError) as caught:
        list(ZipArchive(content, max_bytes))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 350
    return str(caught.value)


@pytest.mark.parametrize("kind", ["zip", "folder", "stored zip", "tar.gz"])
def test_each_file_comes_with_its_class_and_without_what_systems_leave(kind: str, tmp_path: Path) -> None:
    with archive_of_kind(FILES | LEFT, kind, tmp_path) as archive:
        files = {(folder, name): content for folder, name, content in archive}
        assert files == {
            ("yes", "a.wav"): b"aaa",
            ("yes", "b.wav"): b"bb",
            ("no", "c.wav"): b"",
            ("", "README.md"): b"read me",
        }
        assert archive.read_text("README.md", 10) == "read me"
        assert archive.read_text("other.txt", 10) is None
        with pytest.raises(DataError, match=r"^README\.md takes 0 MiB; at most 0 MiB are allowed"):
            archive.read_text("README.md", 6)


@pytest.mark.parametrize("kind", ["zip", "folder", "tar.gz"])
def test_members_can_be_read_in_any_order_and_twice(kind: str, tmp_path: Path) -> None:
    files = {f"{number % 3}/{number}.bin": random.Random(number).randbytes(5000) for number in range(30)}
    with archive_of_kind(files, kind, tmp_path) as archive:
        members = list(archive.members) * 2
        random.Random(1).shuffle(members)
        assert all(archive.read(member) == files[member.path] for member in members)


def test_a_class_is_the_folder_directly_around_its_files() -> None:
    archive = ZipArchive(zip_bytes({"d/train/yes/a": b"1", "d/test/yes/a": b"2", "d/train/no/a": b"3"}), MEGABYTE)
    assert [(member.folders, member.folder) for member in archive.members] == [
        (("train", "yes"), "yes"),
        (("test", "yes"), "yes"),
        (("train", "no"), "no"),
    ]


def test_a_single_class_is_no_top_folder() -> None:
    assert [member.folder for member in ZipArchive(zip_bytes({"yes/a": b"", "yes/b": b""}), MEGABYTE).members] == [
        "yes"
    ] * 2


def test_a_file_on_disk_is_read_like_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zip_bytes(FILES))
    with path.open("rb") as file:
        assert list(ZipArchive(file, MEGABYTE)) == list(ZipArchive(zip_bytes(FILES), MEGABYTE))


OUTSIDE = r"which leads out of its folder or has an empty part"
ABSOLUTE = r"with a drive, a backslash or a slash at the start"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("../a.wav", OUTSIDE),
        ("yes/../../a.wav", OUTSIDE),
        ("yes//a.wav", OUTSIDE),
        ("..", OUTSIDE),
        ("/etc/passwd", ABSOLUTE),
        ("C:/a.wav", ABSOLUTE),
        ("c:a.wav", ABSOLUTE),
        ("yes\\a.wav", ABSOLUTE),
        ("..\\..\\a.wav", ABSOLUTE),
        ("\\\\server\\a.wav", ABSOLUTE),
        ("yes/a\n.wav", "has invisible characters"),
        ("yes/\u202egnp.exe", "has invisible characters"),
        ("a/" * 9 + "a.wav", "at most 8 folders"),
        ("yes/" + "a" * 256, "255 characters"),
        ("__MACOSX/../../a.wav", OUTSIDE),
        ("../.DS_Store", OUTSIDE),
    ],
)
def test_a_name_that_could_lead_elsewhere_is_refused(name: str, sentence: str, tmp_path: Path) -> None:
    files = {"yes/fine.wav": b"", name: b"x"}
    assert sentence in refusal(zip_bytes(files))
    path = tmp_path / "data.tgz"
    path.write_bytes(tar_gz_bytes(files))
    with pytest.raises(DataError, match=sentence):
        open_archive(path, MEGABYTE)


def test_a_name_with_a_zero_byte_is_refused_though_zipfile_cuts_it() -> None:
    assert ABSOLUTE in refusal(zip_bytes({"yes/aXb.wav": b"x"}).replace(b"yes/aXb", b"yes/a\0b"))


def with_mode(mode: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        info = zipfile.ZipInfo("yes/a.wav")
        info.external_attr = mode << 16
        archive.writestr(info, "/etc/passwd")
    return stream.getvalue()


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_links_and_devices_in_a_zip_are_refused(mode: int) -> None:
    assert "“yes/a.wav” is a link or a device" in refusal(with_mode(mode))


def test_links_in_a_folder_and_in_a_tar_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    for target in ("secret", "."):
        data = tmp_path / f"data{len(target)}"
        data.mkdir()
        (data / "link").symlink_to(tmp_path / target)
        with pytest.raises(DataError, match=r"^“link” is a link or a device"):
            FolderArchive(data, MEGABYTE)
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w:gz") as archive:
            info = tarfile.TarInfo("yes/a.wav")
            info.type, info.linkname = kind, "../../etc/passwd"
            archive.addfile(info)
        (tmp_path / "a.tar.gz").write_bytes(stream.getvalue())
        with pytest.raises(DataError, match=r"^“yes/a\.wav” is a link or a device"):
            TarArchive(tmp_path / "a.tar.gz", MEGABYTE)


def test_a_file_that_became_a_link_or_changed_its_size_is_damaged(tmp_path: Path) -> None:
    archive = archive_of_kind(FILES, "folder", tmp_path)
    (tmp_path / "secret").write_text("aaa")
    changed = tmp_path / "data/top/yes/a.wav"
    changed.unlink()
    changed.symlink_to(tmp_path / "secret")
    (tmp_path / "data/top/yes/b.wav").write_bytes(b"longer")
    for member in archive.members:
        if member.folder == "yes":
            with pytest.raises(DataError, match=r"is damaged in the archive"):
                archive.read(member)


def patch_directory(content: bytes, at: int, value: bytes) -> bytes:
    """The zip with other bytes in its first directory entry."""
    start = content.index(b"PK\x01\x02") + at
    return content[:start] + value + content[start + len(value) :]


PLAIN = zip_bytes({"yes/a.wav": b"a" * 500})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", "This is not a zip archive, or it is damaged", id="empty"),
        pytest.param(b"PK\x03\x04" + bytes(100), "This is not a zip archive, or it is damaged", id="start only"),
        pytest.param(PLAIN[:-30], "This is not a zip archive, or it is damaged", id="truncated"),
        pytest.param(patch_directory(PLAIN, 8, b"\x01\x00"), "is encrypted", id="encrypted"),
        pytest.param(patch_directory(PLAIN, 10, b"\x0e\x00"), "is packed in a way that cannot be read here", id="lzma"),
        pytest.param(
            patch_directory(PLAIN, 10, b"\x63\x00"), "is packed in a way that cannot be read here", id="unknown packing"
        ),
        pytest.param(patch_directory(PLAIN, 24, struct.pack("<I", 400)), "is damaged in the archive", id="claims less"),
        pytest.param(patch_directory(PLAIN, 24, struct.pack("<I", 600)), "is damaged in the archive", id="claims more"),
        pytest.param(
            patch_directory(PLAIN, 24, struct.pack("<I", 900_000)), "claims an impossible size", id="claims far more"
        ),
        pytest.param(
            patch_directory(PLAIN, 20, struct.pack("<2I", 2**20, 2**27)),
            "takes 128 MiB; one file may take at most 64",
            id="claims 128 MiB",
        ),
        pytest.param(patch_directory(PLAIN, 20, struct.pack("<I", 10**6)), "overlap", id="claims packed bytes"),
        pytest.param(patch_directory(PLAIN, 16, b"0000"), "is damaged in the archive", id="another checksum"),
        pytest.param(
            zip_bytes({"a/b": bytes(MEGABYTE + 1)}), r"holds 1.0 MiB of files; this server takes", id="too large"
        ),
    ],
)
def test_a_hostile_zip_gets_one_clear_sentence(content: bytes, sentence: str) -> None:
    assert sentence in refusal(content)


def test_a_zip_bomb_is_refused_unopened() -> None:
    bomb = zip_bytes({f"yes/{number}": bytes(4 * MEGABYTE) for number in range(8)})
    assert len(bomb) < MEGABYTE
    assert "more than 200 times" in refusal(bomb, 100 * MEGABYTE)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_is_there_twice_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for content in ("one", "two"):
            archive.writestr("yes/a.wav", content)
    assert "holds the file “yes/a.wav” twice" in refusal(stream.getvalue())
    assert "twice" in refusal(zip_bytes({"yes/\u00e9": b"", "yes/e\u0301": b""}))  # one letter, written in two ways


def test_too_many_files_are_counted_before_objects_are_made_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of 600,000 entries in 32 MiB took zipfile seconds and half a gigabyte before they could be counted."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", *[20] * 2, *[0] * 2, *[0] * 4, *[0] * 3, *[0] * 5, 0, 0)
    directory = entry * (MAX_MEMBERS + 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), 0, 0)  # says that there is one
    monkeypatch.setattr(zipfile, "ZipInfo", lambda *_: pytest.fail("an object was made"))
    assert "holds 100,001 files or more; at most 100,000" in refusal(directory + end)


def test_a_list_of_files_that_is_far_too_long_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_READ_BYTES", 2**17)
    directory = bytes(2**18)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), 0, 0)
    assert "The list of files in this zip takes 0 MiB" in refusal(directory + end)


def test_a_tar_that_expands_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnnviz.data.server_archive.MAX_STORED_FILES", 100)
    path = tmp_path / "bomb.tar.gz"
    path.write_bytes(tar_gz_bytes({"yes/a": bytes(MAX_MEMBER_BYTES // 16)}))
    with pytest.raises(DataError, match=r"^The archive holds 4\.0 MiB of files; this server takes at most 1\.0 MiB"):
        open_archive(path, MEGABYTE)


@pytest.mark.parametrize("name", ["data.tar.gz", "data.zip", "data.rar", "missing.zip", "missing"])
def test_what_is_no_archive_on_the_server_is_told(name: str, tmp_path: Path) -> None:
    if not name.startswith("missing"):
        (tmp_path / name).write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"archive, or it|file, or it|neither a folder|cannot be read"):
        open_archive(tmp_path / name, MEGABYTE)


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from([zip_bytes(FILES), zip_bytes(FILES, zipfile.ZIP_STORED)]))
def test_a_mutated_zip_is_read_or_refused(data: st.DataObject, whole: bytes) -> None:
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with suppress(DataError):
        archive = ZipArchive(bytes(content), MEGABYTE)
        for member in archive.members:
            with suppress(DataError):
                assert len(archive.read(member)) == member.size
