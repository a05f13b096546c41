"""Templates as Jinja compiled them, in the user's cache: to compile them takes longer than to fill.

As Python's own `__pycache__`, but with a digest: what was cut or damaged is compiled again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket

from mcuforge import __version__
from mcuforge.errors import ForgeError
from mcuforge.files import atomic, untrusted, user_cache

_MOST_BYTES = 1 << 20
_DIGEST_BYTES = 32


class TemplateCache(jinja2.BytecodeCache):
    """Of one environment, made by the modules `makers`: what they say goes into compiled code, too.

    A template that changes is another one: Jinja gives each bucket a checksum of its source.
    """

    def __init__(self, folder: Path, makers: Sequence[Path]) -> None:
        self._folder = folder
        sources = b"".join(maker.read_bytes() for maker in makers)
        self._owner = hashlib.sha256(__version__.encode() + sources).digest()

    def load_bytecode(self, bucket: Bucket) -> None:
        """See `jinja2.BytecodeCache`."""
        with suppress(OSError, ForgeError):
            content = untrusted.read(self._file(bucket), _DIGEST_BYTES + _MOST_BYTES)
            if content[:_DIGEST_BYTES] == self._digest(bucket, content[_DIGEST_BYTES:]):
                bucket.bytecode_from_string(content[_DIGEST_BYTES:])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """See `jinja2.BytecodeCache`. Where nothing can be written, nothing is kept."""
        content = bucket.bytecode_to_string()
        with suppress(OSError, ForgeError):
            atomic.write_bytes(self._file(bucket), self._digest(bucket, content) + content)

    def _file(self, bucket: Bucket) -> Path:
        return self._folder / hashlib.sha256(self._owner + bucket.key.encode()).hexdigest()[:32]

    def _digest(self, bucket: Bucket, content: bytes) -> bytes:
        return hashlib.sha256(self._owner + bucket.checksum.encode() + content).digest()


def of(*makers: str) -> TemplateCache | None:
    """The cache of the environment that the modules in these files make; None without one."""
    folder = user_cache.private("templates")
    return TemplateCache(folder, [Path(maker) for maker in makers]) if folder is not None else None
