"""Files that somebody gives, read without harm: of regular files alone, and only so much of them.

A pipe may never speak and a device never end. An archive of megabytes may unpack to more than there
is memory, and a text may nest deeper than there is stack. `check_archive` and `check_hdf5` look at
what a file declares; no more than that is ever unpacked, since their readers go by it.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import tomllib
import zipfile
from pathlib import Path
from typing import Any

from mcuforge.errors import ModelError, UsageError

# What any archive may unpack to, and a larger one for each of its bytes: weights hardly shrink,
# samples that are pictures of one colour very much.
_UNPACKED_BYTES = 512 << 20
_OF_WEIGHTS, OF_SAMPLES = 20, 100
_MEMBERS = 20_000
_DIRECTORY_BYTES = 4 << 20  # an archive's table of contents
_OBJECTS = 100_000  # groups and datasets
_TEXT_BYTES = 4 << 20
_JSON_BYTES = 16 << 20  # a model's configuration
_DEPTH = 100
_INTEGERS = range(-(2**63), 2**63)  # TOML's
_NON_BLOCKING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_END_BYTES = 22  # of an archive's last record, without its comment
_COMMENT_BYTES = 0xFFFF


def require_regular(path: Path) -> None:
    """Raise `UsageError` for a pipe, a device or a socket, and `OSError` where nothing is there."""
    _check_kind(path, path.stat().st_mode)


def read(path: Path, most: int = _TEXT_BYTES) -> bytes:
    """The content of a regular file of at most so many bytes.

    Raises `UsageError` where it is something else or larger, and `OSError`.
    """
    content = head(path, most + 1)
    if len(content) > most:
        raise UsageError(f"{path}: more than {most >> 20} MiB, which is too large for such a file.")
    return content


def head(path: Path, count: int) -> bytes:
    """The beginning of a regular file. Raises `UsageError` for something else, and `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | _NON_BLOCKING)  # a pipe would wait for its writer
    with open(descriptor, "rb") as file:  # noqa: PTH123 - it is open already
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        _check_kind(path, found.st_mode)
        return file.read(count) or b""  # nothing where it would have to wait


def read_toml(path: Path) -> tuple[bytes, dict[str, Any]]:
    """The bytes and the content of a TOML file: not nested deeply, integers of 64 bits.

    Raises `UsageError` where it is something else, and `OSError`.
    """
    data = read(path)
    try:
        content = tomllib.loads(data.decode("utf-8"))
        check_nesting(content)
    except RecursionError:
        raise UsageError(f"{path}: not valid TOML (it is nested too deeply).") from None
    except ValueError as error:  # of TOML, of the encoding, of a number of thousands of digits
        raise UsageError(f"{path}: not valid TOML ({error}).") from None
    return data, content


def check_nesting(content: Any) -> None:
    """Raise `ValueError` where lists and dicts lie too deep in each other, or an integer is huge.

    Whoever walks through `content` afterwards may call itself.
    """
    level = [content]
    for _ in range(_DEPTH):
        if any(isinstance(value, int) and value not in _INTEGERS for value in level):
            raise ValueError("an integer has more than 64 bits")
        inner = [v for v in level if isinstance(v, dict | list)]
        level = [item for v in inner for item in (v.values() if isinstance(v, dict) else v)]
        if not level:
            return
    raise ValueError("it is nested too deeply")


def check_archive(path: Path, ratio: int = _OF_WEIGHTS) -> None:
    """Raise `ModelError` where a zip archive declares far more than its size can mean.

    What is no sound archive passes: whoever opens it tells what is wrong.
    """
    require_regular(path)
    if _directory_bytes(path) > _DIRECTORY_BYTES:
        raise ModelError(f"{path}: holds more than {_MEMBERS:,} files; it is not unpacked.")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except Exception:  # zipfile raises whatever the damage leads to
        return
    if len(members) > _MEMBERS:
        raise ModelError(f"{path}: holds more than {_MEMBERS:,} files; it is not unpacked.")
    _check_size(path, sum(m.file_size for m in members), path.stat().st_size, ratio)


def member(archive: zipfile.ZipFile, name: str, most: int = _JSON_BYTES) -> bytes:
    """A text in an archive. Raises `ValueError` where it is too large, and what zipfile raises."""
    if archive.getinfo(name).file_size > most:
        raise ValueError(f"its {name} has more than {most >> 20} MiB")
    return archive.read(name)


def check_hdf5(file: Path | io.BufferedIOBase, where: Path) -> None:
    """Raise `ModelError` where datasets declare far more than is stored, or lie in other files.

    `file` may be an open one. What is no HDF5 file passes.
    """
    import h5py  # comes with Keras

    sizes: list[tuple[int, int]] = []

    def add(name: str, found: Any) -> None:
        if len(sizes) >= _OBJECTS:
            raise ModelError(f"{where}: holds more than {_OBJECTS:,} arrays; it is not loaded.")
        if not isinstance(found, h5py.Dataset):
            sizes.append((0, 0))
            return
        if found.is_virtual or found.external:
            raise ModelError(f"{where}: '{name}' lies in another file, which is not read.")
        sizes.append((int(found.size or 0) * found.dtype.itemsize, found.id.get_storage_size()))

    try:
        with h5py.File(file) as content:
            content.visititems(add)
    except ModelError:
        raise
    except Exception:  # h5py raises whatever the damage leads to
        return
    _check_size(where, sum(s[0] for s in sizes), sum(s[1] for s in sizes))


def _check_kind(path: Path, mode: int) -> None:
    names = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        kind = names.get(stat.S_IFMT(mode), "a device")
        raise UsageError(f"{path}: is {kind}, where a file is needed. Write it to a file first.")


def _check_size(path: Path, unpacked: int, packed: int, ratio: int = _OF_WEIGHTS) -> None:
    if unpacked > max(_UNPACKED_BYTES, packed * ratio):
        raise ModelError(
            f"{path}: unpacks to {unpacked:,} bytes from {packed:,}, which no model or samples do; "
            "it is not unpacked."
        )


def _directory_bytes(path: Path) -> int:
    """How large an archive's table of contents is, from the record at its end; 0 without one.

    In ZIP64 the size stands elsewhere, and what is here is the largest number.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _END_BYTES - _COMMENT_BYTES))
        end = file.read()
    at = end.rfind(b"PK\5\6")
    record = end[at : at + _END_BYTES]
    if at < 0 or len(record) < _END_BYTES:
        return 0
    told = int.from_bytes(record[12:16], "little")
    # zipfile looks for ZIP64's record whatever stands here, and lies before the other one
    locator = end[max(0, at - 20) : at]
    if not locator.startswith(b"PK\6\7"):
        return _within(told, size)
    with path.open("rb") as file:
        file.seek(min(int.from_bytes(locator[8:16], "little"), size))
        wide = file.read(56)
    return _within(max(told % 0xFFFFFFFF, int.from_bytes(wide[40:48], "little")), size)


def _within(told: int, size: int) -> int:
    """A table larger than the file is damage, which others tell of."""
    return told if told <= size else 0
