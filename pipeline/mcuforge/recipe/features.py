"""The `[features]` table: how a model's input is made of raw samples, in Python and in C.

[features]
function = "sirens_features"        # what both call it
python = "sirens_features.py"
c = ["sirens_features.c", "sirens_tables.h"]
raw = "int16[2048]"                 # what the function takes: readings of a sensor
output = "int8"                     # optional: int8 or uint8, a code for each feature
scale = 0.125                       # what the model was trained on: scale * (code - zero_point)
zero_point = 0                      # optional
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite, prod
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from msgspec import Meta, UnsetType

from mcuforge.files.typed_toml import Problem, Table, Text

_RAW = re.compile(r"(u?int(?:8|16|32))\[(\d{1,9}(?:, ?\d{1,9}){0,3})\]", re.ASCII)
_FUNCTION = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$(?!\n)"
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\.[ch]", re.ASCII)
_RESERVED = ("nn_", "mf_")  # what our own names begin with
_MOST_RAW_BYTES = 1 << 20
_RAW_TEXT = (
    "must be the type and the shape of a raw sample, such as 'int16[16000]' or 'int16[128, 3]': "
    "int8, uint8, int16, uint16, int32 or uint32"
)

Codes = Literal["int8", "uint8"]


class FeaturesTable(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A function in Python and in C that makes the model's input of raw samples."""

    function: Annotated[
        str,
        Meta(
            pattern=_FUNCTION,
            max_length=48,
            description="must be a name in Python and in C: lower case, digits, single underscores",
        ),
    ]
    python: Text
    c: list[Text]
    raw: Annotated[str, Meta(description=_RAW_TEXT)]
    output: Codes = "int8"
    scale: Annotated[float, Meta(gt=0.0, description="must be a number above 0")]
    zero_point: Annotated[int, Meta(ge=-128, le=255)] = 0


@dataclass(frozen=True)
class Features:
    """A function that makes the model's only input of raw samples; `function` is its name.

    `python` defines it for NumPy, `c` (sources and headers) for the device. It takes `raw_shape`
    numbers of `raw_dtype` and gives a code of `output` for each element of the input; the model was
    trained on scale * (code - zero_point), in float32.
    """

    function: str
    python: Path
    c: tuple[Path, ...]
    raw_dtype: str
    raw_shape: tuple[int, ...]
    output: Codes
    scale: float
    zero_point: int

    @property
    def raw_elements(self) -> int:
        """How many numbers a raw sample holds."""
        return prod(self.raw_shape)

    @property
    def raw_bytes(self) -> int:
        """Of a raw sample."""
        return self.raw_elements * np.dtype(self.raw_dtype).itemsize

    @property
    def raw_text(self) -> str:
        """Type and shape of a raw sample, as in the recipe."""
        return f"{self.raw_dtype}{list(self.raw_shape)}"

    def real(self, codes: npt.NDArray[np.integer]) -> npt.NDArray[np.float32]:
        """What the model was trained on: scale * (code - zero point), in float32."""
        shifted = codes.astype(np.int32) - self.zero_point
        return np.asarray(shifted.astype(np.float32) * np.float32(self.scale), np.float32)


def problems(table: FeaturesTable) -> Iterator[Problem]:
    """What is wrong with a table whose values have the right types."""
    raw = _RAW.fullmatch(table.raw)
    if raw is None:
        yield Problem("features.raw", f"is {table.raw!r:.60}; it {_RAW_TEXT}")
    else:
        size = prod(_shape(raw)) * np.dtype(raw[1]).itemsize
        if not 0 < size <= _MOST_RAW_BYTES:
            yield Problem(
                "features.raw",
                f"a sample has {size:,} bytes; it must have 1 to {_MOST_RAW_BYTES:,}",
            )
    if table.function.startswith(_RESERVED):
        yield Problem("features.function", f"must not begin with {' or '.join(_RESERVED)}")
    if not table.python.endswith(".py"):
        yield Problem("features.python", "must name a .py file")
    limits = np.iinfo(table.output)
    if not limits.min <= table.zero_point <= limits.max:
        yield Problem("features.zero_point", f"must be a number of {table.output}")
    scale = np.float32(table.scale)
    if not isfinite(scale) or scale < np.finfo(np.float32).tiny:
        yield Problem("features.scale", "must be a number that float32 holds")
    yield from _file_problems(table.c)


def _file_problems(files: Sequence[str]) -> Iterator[Problem]:
    names = [Path(file).name for file in files]
    if not any(name.endswith(".c") for name in names):
        yield Problem("features.c", "names no .c file")
    wrong = next((name for name in names if not _FILE.fullmatch(name)), None)
    if wrong is not None:
        yield Problem(
            "features.c",
            f"{wrong!r:.60} must end in .c or .h, with letters, digits, _ and - before",
        )
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        yield Problem("features.c", f"there are two files called {twice!r:.60}")


def of_table(folder: Path, table: FeaturesTable) -> Features:
    """The features of a table without problems. Paths are relative to `folder`."""
    raw = _RAW.fullmatch(table.raw)
    if raw is None:
        raise ValueError(table.raw)
    return Features(
        function=table.function,
        python=folder / table.python,
        c=tuple(folder / file for file in table.c),
        raw_dtype=raw[1],
        raw_shape=_shape(raw),
        output=table.output,
        scale=float(np.float32(table.scale)),
        zero_point=table.zero_point,
    )


def _shape(raw: re.Match[str]) -> tuple[int, ...]:
    return tuple(int(size) for size in raw[2].split(","))


def of(folder: Path, table: FeaturesTable | UnsetType) -> Features | None:
    """The same, None where the recipe has none."""
    return None if isinstance(table, UnsetType) else of_table(folder, table)
