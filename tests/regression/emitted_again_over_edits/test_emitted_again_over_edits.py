"""Emitting into a folder that is there: what was ours is replaced, what is the user's stays."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mcuforge.cli import cli
from mcuforge.emit import manifest, project_folder
from mcuforge.errors import ForgeError

MODELS = Path(__file__).parents[3] / "models"
OLD = {"main.c": b"old", "model/a.c": b"one", "gone/old.c": b"left over", "keep.h": b"same"}
NEW = {"main.c": b"new", "model/a.c": b"two", "model/b.c": b"added", "keep.h": b"same"}
WHAT = {"mcuforge": "1", "board": "host", "model": "m", "sha256": "00"}


def write(folder: Path, content: dict[str, bytes], **options: Any) -> None:
    project_folder.write(folder, content, WHAT, **options)


def tree(folder: Path) -> dict[str, bytes]:
    """Files by relative path, without the manifest; links as what they point at."""
    return {
        str(p.relative_to(folder)): bytes(p.readlink()) if p.is_symlink() else p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if (p.is_file() or p.is_symlink()) and p.name != manifest.NAME
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "fw", OLD)
    return tmp_path / "fw"


def test_ours_is_replaced_and_removed_and_theirs_stays(folder: Path) -> None:
    theirs = {".git/HEAD": b"ref", "build/host/firmware": b"elf", "model/mine.c": b"mine"}
    for path, data in theirs.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    untouched = (folder / "keep.h").stat().st_mtime_ns
    write(folder, NEW)
    assert tree(folder) == NEW | theirs
    assert not (folder / "gone").exists()
    assert (folder / "keep.h").stat().st_mtime_ns == untouched  # so that it is not built again
    found = manifest.read(folder)
    assert found is not None and found.paths() == set(NEW) and not found.unfinished


def test_a_folder_of_theirs_inside_one_of_ours_stays(folder: Path) -> None:
    (folder / "gone" / "notes.txt").write_text("x")
    write(folder, NEW)
    assert tree(folder) == NEW | {"gone/notes.txt": b"x"}


@pytest.mark.parametrize("path", ["main.c", "gone/old.c"])
def test_an_edited_file_is_named_and_kept(folder: Path, path: str) -> None:
    (folder / path).write_bytes(b"my work")
    before = tree(folder), (folder / manifest.NAME).read_bytes()
    with pytest.raises(ForgeError, match=rf"(?s)nothing was changed.*{path} \(edited\).*--force"):
        write(folder, NEW)
    assert (tree(folder), (folder / manifest.NAME).read_bytes()) == before
    write(folder, NEW, force=True)
    # What is no longer part of the project need not be overwritten: it becomes the user's.
    assert tree(folder) == NEW | ({path: b"my work"} if path not in NEW else {})
    write(folder, NEW)


def test_an_edited_file_that_is_the_new_one_is_no_obstacle(folder: Path) -> None:
    (folder / "main.c").write_bytes(NEW["main.c"])
    write(folder, NEW)
    assert tree(folder) == NEW


def test_a_file_that_was_deleted_comes_back(folder: Path) -> None:
    shutil.rmtree(folder / "model")
    write(folder, NEW)
    assert tree(folder) == NEW


@pytest.mark.parametrize("force", [False, True])
def test_a_file_of_theirs_at_the_place_of_a_new_one_stays(folder: Path, force: bool) -> None:
    (folder / "model" / "b.c").write_bytes(b"mine")
    with pytest.raises(ForgeError, match=r"model/b.c \(not written by mcuforge\)"):
        write(folder, NEW, force=force)
    assert tree(folder) == OLD | {"model/b.c": b"mine"}


def foreign_manifests() -> list[bytes]:
    sound = {**WHAT, "files": {"main.c": "0" * 64}}
    wrong: list[Any] = [
        *({}, [], 7, {"name": "something else"}, {**WHAT, "board": 3}, {**WHAT, "files": []}),
        {**WHAT, "files": {"main.c": "beef"}},
        {**WHAT, "files": {"main.c": 5}},
        {**sound, "unfinished": {"main.c": "0" * 64}},
    ]
    paths = ("../thesis.tex", "/etc/passwd", "a/../../b", "./x", "", ".", "a\\b", "a\x1b[2J")
    wrong += [{**sound, "files": {path: "0" * 64}} for path in (*paths, manifest.NAME)]
    return [*(json.dumps(w).encode() for w in wrong), b"", b"\xff", b"[" * 100_000]


@pytest.mark.parametrize("content", foreign_manifests())
def test_a_manifest_that_is_none_makes_no_project(tmp_path: Path, content: bytes) -> None:
    inside = tmp_path / "thesis"
    inside.mkdir()
    theirs = {manifest.NAME: content, "main.c": b"mine", "chapter.tex": b"years"}
    for path, data in theirs.items():
        (inside / path).write_bytes(data)
    (tmp_path / "thesis.tex").write_bytes(b"outside")
    with pytest.raises(ForgeError, match="did not write"):
        write(inside, NEW)
    with pytest.raises(ForgeError, match=r"main.c \(not written by mcuforge\)"):
        write(inside, NEW, force=True)
    assert {p.name: p.read_bytes() for p in inside.iterdir()} == theirs
    assert (tmp_path / "thesis.tex").read_bytes() == b"outside"


def test_force_writes_beside_what_is_there(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_bytes(b"ref")
    with pytest.raises(ForgeError, match=r"there is no mcuforge\.json in it"):
        write(tmp_path, NEW)
    write(tmp_path, NEW, force=True)
    assert tree(tmp_path) == NEW | {".git/HEAD": b"ref"}
    write(tmp_path, OLD)
    assert tree(tmp_path) == OLD | {".git/HEAD": b"ref"}


def test_in_a_project_without_hashes_every_file_counts_as_edited(folder: Path) -> None:
    (folder / manifest.NAME).write_text(json.dumps(WHAT))
    with pytest.raises(ForgeError, match=r"(?s)main.c \(edited\).*recorded no hashes"):
        write(folder, NEW)
    assert tree(folder) == OLD
    write(folder, NEW, force=True)
    assert tree(folder) == NEW | {"gone/old.c": b"left over"}


def test_an_empty_folder_the_current_folder_and_a_link_to_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fw").mkdir()
    monkeypatch.chdir(tmp_path / "fw")
    write(Path(), OLD)
    (tmp_path / "link").symlink_to("fw")
    write(tmp_path / "link", NEW)
    assert (tmp_path / "link").is_symlink()
    assert tree(tmp_path / "fw") == NEW


def test_a_project_without_files_is_one(tmp_path: Path) -> None:
    write(tmp_path / "fw", {})
    write(tmp_path / "fw", NEW)
    assert tree(tmp_path / "fw") == NEW


def test_a_file_instead_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "fw").write_bytes(b"x")
    with pytest.raises(ForgeError, match="is a file; a folder is to be written there"):
        write(tmp_path / "fw", NEW)


def obstacles() -> dict[str, tuple[Callable[[Path], None], str, bool]]:
    """What lies in the way, how it is called, and whether --force replaces it."""

    def link(folder: Path) -> None:
        (folder / "main.c").rename(folder.parent / "mine.c")
        (folder / "main.c").symlink_to("../mine.c")

    def linked_folder(folder: Path) -> None:
        (folder / "model").rename(folder.parent / "elsewhere")
        (folder / "model").symlink_to("../elsewhere")

    def subfolder(folder: Path) -> None:
        (folder / "main.c").unlink()
        (folder / "main.c").mkdir()

    def file_as_folder(folder: Path) -> None:
        shutil.rmtree(folder / "model")
        (folder / "model").write_bytes(b"mine")

    def pipe(folder: Path) -> None:
        (folder / "main.c").unlink()
        os.mkfifo(folder / "main.c")

    def read_only(folder: Path) -> None:
        (folder / "main.c").chmod(0o444)

    def staging(folder: Path) -> None:
        (folder / ".mcuforge-new").symlink_to("model")

    return {
        "link": (link, r"main.c \(a link\)", True),
        "linked_folder": (linked_folder, r"model/a.c \(model is a link\)", False),
        "subfolder": (subfolder, r"main.c \(a folder\)", False),
        "file_as_folder": (file_as_folder, r"model/a.c \(model is not a folder\)", False),
        "pipe": (pipe, r"main.c \(not a regular file\)", False),
        "read_only": (read_only, r"main.c \(read-only\)", True),
        "staging": (staging, r".mcuforge-new \(not written by mcuforge\)", False),
    }


def shape(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Everything below, by kind and permissions; content of regular files only."""
    return {
        str(p.relative_to(folder)): (p.lstat().st_mode, p.read_bytes() if p.is_file() else b"")
        for p in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize("name", obstacles())
def test_what_lies_in_the_way_is_said_in_words(folder: Path, name: str) -> None:
    lay, message, forcible = obstacles()[name]
    lay(folder)
    before = shape(folder.parent)
    with pytest.raises(ForgeError, match=message):
        write(folder, NEW)
    assert shape(folder.parent) == before
    if not forcible:
        with pytest.raises(ForgeError, match=message):
            write(folder, NEW, force=True)
        assert shape(folder.parent) == before
        return
    write(folder, NEW, force=True)
    assert tree(folder) == NEW
    if name == "link":  # what it pointed at is not the project's
        assert (folder.parent / "mine.c").read_bytes() == b"old"


def test_permissions_of_a_replaced_file_stay(folder: Path) -> None:
    (folder / "main.c").chmod(0o640)
    write(folder, NEW)
    assert stat.S_IMODE((folder / "main.c").stat().st_mode) == 0o640


def test_a_folder_that_may_not_be_changed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.access
    monkeypatch.setattr(os, "access", lambda p, mode: Path(p).name != "model" and real(p, mode))
    with pytest.raises(ForgeError, match=r"model/a.c \(no permission to change its folder\)"):
        write(folder, NEW)
    assert tree(folder) == OLD


class Killed(BaseException):
    """As sudden as SIGKILL: nothing that catches it may do anything."""


def cut_off(monkeypatch: pytest.MonkeyPatch, step: int, failure: BaseException) -> list[int]:
    """Let the `step`th change to the file system fail, and all after it."""
    count = [0]

    def counted(real: Any, *, lasting: bool) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            count[0] += 1
            if count[0] == step or (lasting and count[0] > step):
                raise failure
            return real(*arguments, **options)

        return call

    lasting = isinstance(failure, Killed)
    steps = [(Path, n) for n in ("mkdir", "write_bytes", "replace", "unlink", "rmdir", "chmod")]
    for owner, name in [*steps, (shutil, "rmtree")]:
        monkeypatch.setattr(owner, name, counted(getattr(owner, name), lasting=lasting))
    return count


@pytest.mark.parametrize("start", ["project", "edited", "empty"])
def test_a_kill_at_any_step_leaves_what_the_next_emit_completes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: str
) -> None:
    step, done = 0, False
    while not done:
        step += 1
        folder = tmp_path / str(step)
        if start == "empty":
            folder.mkdir()
        else:
            write(folder, OLD)
            (folder / "notes.txt").write_bytes(b"mine")
        force = start == "edited"
        if force:
            (folder / "main.c").write_bytes(b"edited")
        with monkeypatch.context() as patched:
            count = cut_off(patched, step, Killed())
            with suppress(Killed):
                write(folder, NEW, force=force)
            done = count[0] < step
        for path in (p for p in folder.rglob("*") if p.is_file()):  # old or new, never half
            if ".mcuforge-" not in str(path) and path.name != manifest.NAME:
                name = str(path.relative_to(folder))
                mine = {b"mine"} if name == "notes.txt" else {b"edited"} if force else set()
                assert path.read_bytes() in {OLD.get(name), NEW.get(name), *mine}
        write(folder, NEW, force=force)
        assert tree(folder) == NEW | ({} if start == "empty" else {"notes.txt": b"mine"})
        write(folder, OLD)  # and it is a project as any other
    assert step > 15


def test_an_interrupt_while_files_are_renamed_ends_what_has_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, done = 0, False
    while not done:
        step += 1
        folder = tmp_path / str(step)
        write(folder, OLD)
        with monkeypatch.context() as patched:
            count = cut_off(patched, step, KeyboardInterrupt())
            with suppress(KeyboardInterrupt):
                write(folder, NEW)
            done = count[0] < step
        found = manifest.read(folder)
        assert found is not None and not found.unfinished
        assert tree(folder) in (OLD, NEW)


def test_a_failure_while_files_are_renamed_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.replace

    def refuse(path: Path, target: Path) -> Path:
        if path.name == "a.c":
            raise PermissionError(13, "Permission denied", str(target))
        return real(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", refuse)
        with pytest.raises(ForgeError, match="emit it again, which completes it"):
            write(folder, NEW)
    write(folder, NEW)
    assert tree(folder) == NEW


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments])


def test_the_commands_refuse_force_and_complete(tmp_path: Path) -> None:
    folder = tmp_path / "fw"
    emit = ("emit", MODELS / "autoencoder", "--board", "mps2-an386", "-o", folder)
    assert run(*emit).exit_code == 0
    (folder / ".git").mkdir()
    (folder / "main.c").write_text("mine")
    refused = run(*emit)
    assert refused.exit_code == 1
    assert "main.c (edited)" in refused.output and "--force" in refused.output
    assert run(*emit, "--force").exit_code == 0
    assert "mine" not in (folder / "main.c").read_text()
    assert (folder / ".git").is_dir()
    # Another flavour in the same folder: what is no longer part of it goes.
    assert run(*emit, "--flavour", "arduino").exit_code == 0
    assert not (folder / "CMakeLists.txt").exists() and (folder / "library.properties").exists()
    assert run(*emit).exit_code == 0
    # The commands on a project refuse half of one.
    described = json.loads((folder / manifest.NAME).read_text())
    described["unfinished"] = {"main.c": []}
    (folder / manifest.NAME).write_text(json.dumps(described))
    half = run("build", folder)
    assert half.exit_code == 2 and "was interrupted" in half.output
    assert run(*emit).exit_code == 0
    assert "unfinished" not in json.loads((folder / manifest.NAME).read_text())


@pytest.mark.sim
def test_run_refuses_before_it_converts(tmp_path: Path) -> None:
    model = MODELS / "autoencoder"
    folder = tmp_path / "autoencoder-mps2-an386"
    assert run("emit", model, "-o", folder).exit_code == 0
    (folder / "main.c").write_text("mine")
    refused = run("run", model, "-o", tmp_path)
    assert refused.exit_code == 1 and "main.c (edited)" in refused.output
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def no_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", no_space)
        with pytest.raises(ForgeError, match=r"the disk is full\. Nothing was changed"):
            write(folder, NEW)
    assert tree(folder) == OLD
    found = manifest.read(folder)
    assert found is not None and not found.unfinished


@pytest.mark.parametrize("command", ["run", "parity", "bench", "explore", "emit"])
def test_every_command_that_writes_a_project_offers_force(command: str) -> None:
    assert "--force" in run(command, "--help").output


def test_what_make_builds_is_no_edit_and_is_built_again(tmp_path: Path) -> None:
    folder = tmp_path / "fw"
    emit = ("emit", MODELS / "autoencoder", "--board", "host", "--flavour", "library", "-o", folder)
    make = ("make", "-s", "-C", str(folder))
    assert run(*emit).exit_code == 0
    subprocess.run([*make, "CFLAGS=-O0"], check=True)
    assert run(*emit).exit_code == 0
    archive = folder / "build" / "libautoencoder.a"
    built = archive.stat().st_mtime_ns
    subprocess.run([*make, "CFLAGS=-O0"], check=True)
    assert archive.stat().st_mtime_ns == built
    (header,) = folder.glob("src/autoencoder_config.h")
    os.utime(header)  # a header alone is another
    subprocess.run([*make, "CFLAGS=-O0"], check=True)
    assert archive.stat().st_mtime_ns > built


def test_a_project_that_was_moved_keeps_what_lies_in_its_build_folder(tmp_path: Path) -> None:
    folder = tmp_path / "fw"
    assert run("emit", MODELS / "autoencoder", "--board", "host", "-o", folder).exit_code == 0
    assert run("build", folder).exit_code == 0
    (folder / "build" / "host" / "notes.txt").write_text("mine")
    moved = folder.rename(tmp_path / "moved")
    assert run("build", moved).exit_code == 0
    assert (moved / "build" / "host" / "notes.txt").read_text() == "mine"
    assert str(folder) not in (moved / "build" / "host" / "CMakeCache.txt").read_text()


WRITER = """
import itertools, sys
from pathlib import Path
from mcuforge.emit import project_folder
print("writing", flush=True)
for n in itertools.count():
    files = {f"d{i % 7}/f{i}.c": b"%d %d" % (n, i) * 4000 for i in range(n % 2, 120 + n % 2 * 5)}
    project_folder.write(Path(sys.argv[1]), files, {w: "w" for w in sys.argv[2:]})
"""


@pytest.mark.slow
def test_a_writer_that_is_killed_loses_nothing(folder: Path) -> None:
    (folder / "notes.txt").write_bytes(b"mine")
    moments = random.Random(7)
    for number in range(20):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, folder, *WHAT], stdout=subprocess.PIPE
        ) as child:
            assert child.stdout is not None and child.stdout.readline() == b"writing\n"
            time.sleep(moments.random() * 0.6)
            child.kill()
        content = {f"d{i % 7}/f{i}.c": b"%d" % number for i in range(50)}
        write(folder, content)
        assert tree(folder) == content | {"notes.txt": b"mine"}
