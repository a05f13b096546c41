"""What interpreters answered before, kept in the user's cache: a second `parity` is faster.

An answer belongs to all that it depends on: the request (the model, the samples, what is asked
for), this package's side of it, the installed interpreters file by file, and this computer, since
XNNPACK chooses its kernels by the processor. A digest over key and content stands before the
content: a file that was cut, damaged or renamed is no answer, and the interpreter runs.

`MCUFORGE_CACHE=no` has everything computed anew. Devices are never remembered.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from mcuforge.errors import ForgeError
from mcuforge.files import atomic, untrusted, user_cache

_NAME = "oracle"
_PACKAGES = ("tflite-micro", "ai-edge-litert", "tflite-runtime", "numpy")
_OURS = ("worker.py", "remembered.py")
_MOST_BYTES = 8 << 20  # of an answer
_MOST_ANSWERS, _MOST_OF_ALL = 256, 64 << 20
_DIGEST_BYTES = 32


@dataclass(frozen=True)
class Entry:
    """The place of an answer."""

    path: Path
    key: bytes

    def load(self) -> bytes | None:
        """The answer; None where there is none, or none that is whole."""
        try:
            content = untrusted.read(self.path, _DIGEST_BYTES + _MOST_BYTES)
        except (OSError, ForgeError):
            return None
        digest, answer = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if digest != self._digest(answer):
            return None
        with suppress(OSError):
            os.utime(self.path)  # the longest unused go first
        return answer

    def store(self, answer: bytes) -> None:
        """Keep an answer, unless it is large or cannot be written: nothing rests on it."""
        if len(answer) > _MOST_BYTES:
            return
        with suppress(OSError, ForgeError):
            _make_room(self.path.parent)
            atomic.write_bytes(self.path, self._digest(answer) + answer)

    def _digest(self, answer: bytes) -> bytes:
        return hashlib.sha256(self.key + answer).digest()


@contextmanager
def remembering() -> Iterator[None]:
    """Inside, answers are kept and used. Outside, as in `debug-quantization`, they are not."""
    before, _state.folder = _state.folder, user_cache.private(_NAME)
    try:
        yield
    finally:
        _state.folder = before


def entry(model: bytes, request: bytes) -> Entry | None:
    """Where the answer to a request about a model belongs; None where nothing is kept."""
    identity = _identity() if _state.folder is not None else None
    if _state.folder is None or identity is None:
        return None
    key = hashlib.sha256(identity + hashlib.sha256(request).digest()).digest()
    return Entry(_state.folder / f"{_prefix(model)}{key.hex()[:32]}", key)


def knows(model: bytes) -> bool:
    """Whether there are answers about this very file: the interpreters may not be needed."""
    folder = user_cache.private(_NAME)
    return folder is not None and any(folder.glob(f"{_prefix(model)}*"))


def _prefix(model: bytes) -> str:
    return hashlib.sha256(model).hexdigest()[:32] + "-"


@dataclass
class _State:
    """The folder of the answers inside of `remembering`, else None."""

    folder: Path | None = None


_state = _State()


def _make_room(folder: Path) -> None:
    """Remove the answers that were not used for longest, down to half, where there are many."""
    found = sorted(((path, path.stat()) for path in folder.iterdir()), key=lambda f: f[1].st_mtime)
    count, total = len(found), sum(status.st_size for _, status in found)
    if count < _MOST_ANSWERS and total < _MOST_OF_ALL:
        return
    for path, status in found:
        if count <= _MOST_ANSWERS // 2 and total <= _MOST_OF_ALL // 2:
            break
        path.unlink(missing_ok=True)
        count, total = count - 1, total - status.st_size


@cache
def _identity() -> bytes | None:
    """A digest of whatever computes answers; None where it is unknown what is installed."""
    digest = hashlib.sha256("\0".join((platform.node(), platform.machine())).encode())
    for name in _OURS:
        digest.update(Path(__file__).with_name(name).read_bytes())
    for package in _PACKAGES:
        try:
            found = metadata.distribution(package)
        except metadata.PackageNotFoundError:
            continue
        record = found.read_text("RECORD")  # the SHA-256 of every file as it was installed
        if record is None:
            return None
        digest.update(record.encode())
        for line in record.splitlines():
            name = line.split(",")[0]
            if name.endswith((".so", ".pyd", ".dylib")):
                status = Path(str(found.locate_file(name))).stat()
                digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\0".encode())
    return digest.digest()
