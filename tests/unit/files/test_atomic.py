"""Files and folders are written whole or not at all."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mcuforge.errors import ForgeError
from mcuforge.files import atomic

MARKER = "mark.json"


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every path below `folder`, hidden ones too, and the content of files."""
    return {
        str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None
        for p in sorted(folder.rglob("*"))
    }


def write_folder(path: Path, content: str = "new") -> None:
    with atomic.new_folder(path) as partial:
        (partial / MARKER).write_text(content)
        (partial / "sub").mkdir()
        (partial / "sub" / "file.c").write_text(content)


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "out.bin"
    atomic.write_bytes(target, b"one")
    target.chmod(0o640)
    atomic.write_bytes(target, b"two")
    assert tree(tmp_path) == {"a": None, "a/b": None, "a/b/out.bin": b"two"}
    assert target.stat().st_mode & 0o777 == 0o640


def test_new_files_and_folders_obey_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        atomic.write_bytes(tmp_path / "file", b"")
        write_folder(tmp_path / "folder")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o750


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    atomic.write_bytes(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_file_is_not_written_over_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ForgeError, match="is a folder"):
        atomic.write_bytes(tmp_path, b"")


def test_a_new_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "project"
    write_folder(target)
    assert tree(target) == {MARKER: b"new", "sub": None, "sub/file.c": b"new"}
    assert sorted(p.name for p in tmp_path.rglob(".*")) == []


def test_somebody_elses_folder_that_comes_meanwhile_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "project"
    with (
        pytest.raises(ForgeError, match="not empty"),
        atomic.new_folder(target) as partial,
    ):
        (partial / MARKER).touch()
        target.mkdir()
        (target / "thesis.tex").write_text("x")
    assert tree(tmp_path) == {"project": None, "project/thesis.tex": b"x"}


def test_a_folder_is_not_written_over_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ForgeError, match="a file lies where a folder is needed"):
        write_folder(tmp_path / "file" / "project")
    with pytest.raises(ForgeError, match="a file lies where a folder is needed"):
        atomic.write_bytes(tmp_path / "file" / "out", b"")
    assert tree(tmp_path) == {"file": b"x"}


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_nothing(tmp_path: Path, failure: type[BaseException]) -> None:
    with pytest.raises(failure), atomic.new_folder(tmp_path / "a" / "project") as partial:
        (partial / MARKER).write_text("half")
        raise failure
    assert tree(tmp_path) == {}


def no_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    atomic.write_bytes(tmp_path / "file", b"old")
    before = tree(tmp_path)
    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(ForgeError, match="the disk is full"):
        atomic.write_bytes(tmp_path / "file", b"new")
    with (
        pytest.raises(ForgeError, match="folder: cannot be written, the disk is full"),
        atomic.new_folder(tmp_path / "folder") as partial,
    ):
        (partial / MARKER).write_text("half")
        no_space()
    assert tree(tmp_path) == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_really_full_device(tmp_path: Path) -> None:
    with (
        pytest.raises(ForgeError, match="disk is full"),
        atomic.new_folder(tmp_path / "new" / "folder") as partial,
    ):
        (partial / "weights.c").symlink_to("/dev/full")
        (partial / "weights.c").write_text("x")
    assert tree(tmp_path) == {}


def test_a_read_only_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    if os.access(locked, os.W_OK):  # root writes everywhere: let the system calls refuse

        def refuse(path: Path, *_: object, **__: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

        monkeypatch.setattr(Path, "mkdir", refuse)
        monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ForgeError, match="no permission"):
        atomic.write_bytes(locked / "file", b"x")
    with pytest.raises(ForgeError, match="no permission"):
        write_folder(locked / "folder")
    assert tree(tmp_path) == {"locked": None}


def test_a_failure_with_the_blocks_own_files_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic.new_folder(tmp_path / "project"):
        Path("/nonexistent/model.tflite").read_bytes()


CHILD = """
import sys, time
from pathlib import Path
from mcuforge.files import atomic
with atomic.new_folder(Path(sys.argv[1])) as partial:
    (partial / "mark.json").write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


def test_an_interrupted_process_leaves_nothing(tmp_path: Path) -> None:
    before = tree(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path / "project")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "writing\n"
        child.send_signal(signal.SIGINT)
        _, log = child.communicate(timeout=30)
    assert "KeyboardInterrupt" in log
    assert tree(tmp_path) == before
