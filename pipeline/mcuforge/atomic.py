"""Files and folders that appear whole or not at all.

Content is written to a temporary sibling (same folder, so same file system) and renamed. Whatever
goes wrong before the rename, Ctrl-C included, leaves what was there untouched and nothing beside
it. A folder cannot be exchanged in one step everywhere: the old one is first renamed aside, and
renamed back if the new one does not get its place.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mcuforge.errors import ForgeError

_PREFIX = ".mcuforge-"
_NEW_FILE_MODE = 0o666
_NEW_FOLDER_MODE = 0o777


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, replacing an older one. Missing parent folders are made.

    Raises `ForgeError` where the disk is full, the folder is read-only, or `path` is a folder.
    """
    path = _through_links(path)
    if path.is_dir():
        raise ForgeError(f"{path}: is a folder; a file is to be written there.")
    with _explained(path), _parents(path):
        descriptor, name = tempfile.mkstemp(prefix=_PREFIX, dir=path.parent)
        partial = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            partial.chmod(_permissions(path, _NEW_FILE_MODE))
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


@contextmanager
def folder(path: Path, *, marker: str, force: bool = False) -> Iterator[Path]:
    """Yield an empty temporary folder that takes the place of `path` when the block ends well.

    `marker` is the name of a file that every folder of this kind holds, and that the block has to
    write. A folder at `path` that is not empty and does not hold it is somebody else's: it is
    replaced only with `force`. Missing parent folders are made.

    Raises `ForgeError` where `path` is a file, the current folder or somebody else's folder, the
    disk is full, or the parent folder is read-only; `ValueError` where the block wrote no `marker`.
    """
    path = _through_links(path)
    _refuse_foreign(path, marker, force)
    with _explained(path), _parents(path):
        partial = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=path.parent))
        try:
            yield partial
            if not (partial / marker).is_file():
                raise ValueError(f"{path}: written without its {marker}")
            _refuse_foreign(path, marker, force)  # it may have come while the block ran
            partial.chmod(_permissions(path, _NEW_FOLDER_MODE))
            _exchange(partial, path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _refuse_foreign(path: Path, marker: str, force: bool) -> None:
    if path.exists() and not path.is_dir():
        raise ForgeError(f"{path}: is a file; a folder is to be written there.")
    if Path.cwd().is_relative_to(path):
        raise ForgeError(
            f"{path}: is the current folder; give a folder inside it, or go elsewhere."
        )
    if force or not path.is_dir() or (path / marker).is_file():
        return
    with _explained(path):
        if not any(path.iterdir()):
            return
    raise ForgeError(
        f"{path}: holds something that mcuforge did not write (there is no {marker} in it). "
        "Choose another folder, or empty this one."
    )


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


def _exchange(new: Path, path: Path) -> None:
    """Rename `new` to `path`; an older folder there is moved aside first and then removed.

    The old folder is removed only once the new one stands at its place.
    """
    if not path.exists():
        new.rename(path)
        return
    attic = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=path.parent))
    try:
        path.rename(attic / "old")
        new.rename(path)
    finally:
        if not path.exists():
            (attic / "old").rename(path)
        shutil.rmtree(attic, ignore_errors=True)


def _through_links(path: Path) -> Path:
    """The path itself, or what it points at: a link stays a link."""
    return path.resolve() if path.is_symlink() else path.absolute()


def _permissions(path: Path, new: int) -> int:
    """Those of what is replaced; for something new, what the umask leaves."""
    if path.exists():
        return path.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return new & ~mask


@contextmanager
def _explained(path: Path) -> Iterator[None]:
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
    return file == path or file in path.parents or any(p.startswith(_PREFIX) for p in file.parts)


def _reason(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full. Nothing was changed."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no permission ({error.strerror}). Nothing was changed; choose another place."
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return "a file lies where a folder is needed."
    return f"{error.strerror}. Nothing was changed."
