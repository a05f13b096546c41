"""Messages to and from a worker: named arrays as the bytes of an `.npz`, without pickle.

Imports nothing but NumPy and the standard library: the worker has to start fast.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]

_HEADER = "header"


class FramingError(ValueError):
    """The bytes are not a message."""


def pack(header: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """A message: a header of JSON values, and arrays by name.

    Raises `TypeError` on an array of Python objects.
    """
    if any(array.dtype.hasobject for array in arrays.values()):
        raise TypeError("arrays of Python objects cannot be sent")
    text = np.frombuffer(json.dumps(header).encode(), np.uint8)
    stream = io.BytesIO()
    np.savez(stream, **{_HEADER: text, **arrays})  # type: ignore[arg-type]
    return stream.getvalue()


def unpack(message: bytes) -> tuple[dict[str, Any], Arrays]:
    """Header and arrays of a message. Raises `FramingError` on anything else."""
    try:
        with np.load(io.BytesIO(message), allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
        header = json.loads(arrays.pop(_HEADER).tobytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise FramingError(f"not a message: {error}") from None
    if not isinstance(header, dict):
        raise FramingError("not a message: the header is no object")
    return header, arrays
