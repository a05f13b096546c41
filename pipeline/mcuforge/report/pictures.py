"""Arrays as PNG pictures, for pages that load nothing. NumPy and zlib only."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB = 0, 2  # the PNG specification's colour types
_GAP = 2  # pixels between the pictures of a grid
_WHITE = 255


def png(picture: Picture) -> bytes:
    """A PNG file, 8 bits a channel, of grey values uint8 [H, W] or colours uint8 [H, W, 3].

    The same array gives the same bytes, on one version of zlib. The file follows the PNG
    specification (third edition): every line starts with its filter type, 0.
    Raises `ValueError` for other shapes or dtypes, or where there is no pixel.
    """
    coloured = picture.ndim == 3 and picture.shape[2] == 3
    if picture.dtype != np.uint8 or not (picture.ndim == 2 or coloured) or picture.size == 0:
        raise ValueError(f"not a picture: {picture.dtype} {list(picture.shape)}")
    height, width = picture.shape[:2]
    lines = np.zeros((height, 1 + picture[0].size), np.uint8)
    lines[:, 1:] = picture.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, _RGB if coloured else _GREY, 0, 0, 0)
    return (
        _SIGNATURE
        + _chunk(b"IHDR", header)
        + _chunk(b"tEXt", b"Software\0mcuforge")
        + _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9))
        + _chunk(b"IEND", b"")
    )


def data_uri(file: bytes) -> str:
    """A PNG file as a `data:` URI, which needs no escaping in HTML."""
    return "data:image/png;base64," + base64.b64encode(file).decode("ascii")


def grid(rows: Sequence[Sequence[Picture]], scale: int = 1) -> Picture:
    """Pictures of one height and width in rows, on white, every pixel `scale` x `scale` large.

    Each is uint8 [H, W] or [H, W, 3]; the result is grey only where all of them are. A row may be
    shorter than others. Raises `ValueError` where the sizes differ or there is no picture.
    """
    sizes = {picture.shape[:2] for row in rows for picture in row}
    if len(sizes) != 1 or scale < 1:
        raise ValueError(f"a grid needs pictures of one size, and a scale from 1: {sorted(sizes)}")
    height, width = (scale * extent for extent in sizes.pop())
    columns = max(len(row) for row in rows)
    shape = (len(rows) * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP)
    coloured = any(picture.ndim == 3 for row in rows for picture in row)
    canvas = np.full((*shape, 3) if coloured else shape, _WHITE, np.uint8)
    for r, row in enumerate(rows):
        for c, picture in enumerate(row):
            top, left = r * (height + _GAP), c * (width + _GAP)
            enlarged = picture.repeat(scale, axis=0).repeat(scale, axis=1)
            if coloured and enlarged.ndim == 2:
                enlarged = enlarged[..., np.newaxis]
            canvas[top : top + height, left : left + width] = enlarged
    return canvas


def grey(values: npt.NDArray[Any], low: float = 0.0, high: float = 1.0) -> Picture:
    """Real values of any shape as grey values uint8: `low` black, `high` white, clamped between."""
    position = (np.asarray(values, np.float64) - low) / (high - low)
    return np.asarray(np.round(np.clip(position, 0.0, 1.0) * _WHITE), np.uint8)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
