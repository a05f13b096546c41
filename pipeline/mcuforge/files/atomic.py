"""Files and new folders that appear whole or not at all.

Content is written to a temporary sibling (same folder, so same file system) and renamed. Whatever
goes wrong before the rename, Ctrl-C included, leaves what was there untouched and nothing beside
it. What is no regular file, such as a pipe or /dev/null, is written to instead of replaced.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from mcuforge.errors import ForgeError
from mcuforge.processes import groups, guardian

try:
    import fcntl
except ImportError:  # Windows: what was killed there stays
    fcntl = None  # type: ignore[assignment]

_PREFIX = ".mcuforge-"
_TEMPORARY = re.compile(re.escape(_PREFIX) + r"[0-9a-f]{16}")
_FRESH_SECONDS = 2.0
_NEW_FILE_MODE = 0o666
_NEW_FOLDER_MODE = 0o777


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, replacing an older one. Missing parent folders are made.

    A pipe or a character device takes the data as a stream; opening a pipe waits for its reader.
    Raises `ForgeError` where the disk is full, the folder is read-only, or `path` is a folder, a
    block device or a socket.
    """
    write_all({path: data})


def write_all(files: Mapping[Path, bytes]) -> None:
    """`write_bytes` of files that belong together: none is replaced before all are written."""
    with ExitStack() as stack:
        staged = []
        for path, data in files.items():
            with explained(path):
                if _is_stream(path):
                    path.write_bytes(data)
                    continue
            target = through_links(path)
            staged.append((stack.enter_context(_staged(target, data)), target))
        with groups.undisturbed():
            for partial, target in staged:
                with explained(target):
                    partial.replace(target)


@contextmanager
def _staged(path: Path, data: bytes) -> Iterator[Path]:
    """A sibling of `path` with the data, removed at the end of the block if it is there still."""
    with explained(path), _parents(path):
        _sweep(path.parent)
        partial = _temporary(path.parent)  # known before it exists: no signal comes between
        try:
            with partial.open("xb") as stream:
                _hold(stream.fileno())
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
                partial.chmod(_permissions(path, _NEW_FILE_MODE))
                yield partial
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield an empty temporary folder that becomes `path` when the block ends well.

    Missing parent folders are made. Raises `ForgeError` where something came to be at `path`
    meanwhile, the disk is full, or the parent folder is read-only.
    """
    with explained(path), _parents(path):
        _sweep(path.parent)
        partial = _temporary(path.parent)
        guardian.watch_folder(partial)
        try:
            partial.mkdir(mode=0o700)
            with _held_folder(partial):
                yield partial
                partial.chmod(_permissions(path, _NEW_FOLDER_MODE))
                partial.rename(path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
            guardian.release_folder(partial)


def _temporary(folder: Path) -> Path:
    """The name of a sibling to be."""
    return folder / f"{_PREFIX}{os.urandom(8).hex()}"


def _hold(descriptor: int) -> bool:
    """Mark as in use, until it is closed or this process ends; False where another one does."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held, or a file system without locks
        return False
    return True


@contextmanager
def _held_folder(folder: Path) -> Iterator[None]:
    descriptor = -1 if fcntl is None else os.open(folder, os.O_RDONLY)
    try:
        if descriptor >= 0:
            _hold(descriptor)
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _sweep(folder: Path) -> None:
    """Remove what writers that were killed left in `folder`: temporary siblings that nobody holds.

    Those of the last seconds stay: between making one and holding it nobody holds it, either.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in [e for e in entries if _TEMPORARY.fullmatch(e.name)]:
            with suppress(OSError):
                if time.time() - entry.stat(follow_symlinks=False).st_mtime > _FRESH_SECONDS:
                    _remove_if_free(Path(entry.path), entry.is_dir(follow_symlinks=False))


def _remove_if_free(path: Path, is_folder: bool) -> None:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    try:
        if not _hold(descriptor):
            return
        if is_folder:
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
    finally:
        os.close(descriptor)


def _is_stream(path: Path) -> bool:
    """True for what takes data without becoming it. Through links: /dev/stdout may be a pipe.

    Raises `ForgeError` where something else than a regular file is at `path`.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    for kind, name in ((stat.S_ISDIR, "folder"), (stat.S_ISBLK, "disk"), (stat.S_ISSOCK, "socket")):
        if kind(mode):
            raise ForgeError(f"{path}: is a {name}; a file is to be written there.")
    return not stat.S_ISREG(mode)


@contextmanager
def _parents(path: Path) -> Iterator[None]:
    """Make the missing parent folders of `path`; remove those again if the block fails."""
    missing = [parent for parent in path.parents if not parent.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for parent in missing:  # innermost first
            with suppress(OSError):
                parent.rmdir()
        raise


def through_links(path: Path) -> Path:
    """The path itself, or what it points at: a link stays a link."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path.absolute()


def _permissions(path: Path, new: int) -> int:
    """Those of what is replaced; for something new, what the umask leaves."""
    if path.exists():
        return path.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return new & ~mask


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn the operating system's refusal to write `path` into a `ForgeError`."""
    try:
        yield
    except OSError as error:
        if not _concerns(path, error):
            raise
        raise ForgeError(f"{path}: cannot be written, {_reason(error)}") from error


def _concerns(path: Path, error: OSError) -> bool:
    """False where the caller's block failed with some other file: not ours to explain."""
    if error.filename is None:  # a write to an open file
        return error.errno is not None
    file = Path(os.fsdecode(error.filename))
    near = file.is_relative_to(path) or file in path.parents
    return near or any(part.startswith(_PREFIX) for part in file.parts)


def _reason(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full. Nothing was changed."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no permission ({error.strerror}). Nothing was changed; choose another place."
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return "a file lies where a folder is needed."
    return f"{error.strerror}. Nothing was changed."
