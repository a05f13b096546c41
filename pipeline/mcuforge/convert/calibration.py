"""Calibration samples, streamed: checked one by one and written to a file for the child process.

Only one sample is in memory at a time, wherever the samples come from: 10,000 need as much memory
as 100.
"""

from __future__ import annotations

import zipfile
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import ForgeError, UsageError

Source = Path | npt.NDArray[Any] | Iterable[npt.NDArray[Any]]
Sample = npt.NDArray[np.float32]

_UNNAMED = "calibration samples"
_NONE = (
    "No calibration samples. Give an .npz whose array 'inputs' holds 100 or so typical "
    "inputs, float32 [N, ...]: they set the ranges of the int8 values."
)


@dataclass(frozen=True, eq=False)
class Calibration:
    """Samples in a file: float32, one after the other, without a header.

    `shape` is that of one sample; `low`, `high` are the extremes of all values, `peaks` holds the
    largest magnitude of each sample.
    """

    file: Path
    name: str
    count: int
    shape: tuple[int, ...]
    low: float
    high: float
    peaks: npt.NDArray[np.float32]


def write(source: Source | None, file: Path) -> Calibration:
    """Check the samples of an `.npz` (its array `inputs`), `.npy`, array or iterable; write `file`.

    An iterable yields one sample after the other, float [...]. Raises `UsageError` where there is
    no sample, one is not float, not finite, or of another shape than the first, the file cannot be
    read, or the iterable itself raises.
    """
    if source is None:
        raise UsageError(_NONE)
    name = str(source) if isinstance(source, Path) else _UNNAMED
    summary = _Summary(name)
    with file.open("wb") as stream:
        for sample in _samples(source, name):
            stream.write(summary.add(sample).tobytes())
    return summary.finish(file)


def read(file: Path, shape: Iterable[int]) -> Iterator[Sample]:
    """The samples of a file that `write` wrote, each float32 of `shape`."""
    shape = tuple(shape)
    size = int(np.prod(shape)) * np.dtype(np.float32).itemsize
    with file.open("rb") as stream:
        while content := stream.read(size):
            yield np.frombuffer(content, np.float32).reshape(shape)


class _Summary:
    """Checks samples and keeps what `Calibration` tells about them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._shape: tuple[int, ...] | None = None
        self._low, self._high = np.inf, -np.inf
        self._peaks = array("f")

    def add(self, sample: npt.NDArray[Any]) -> Sample:
        number = len(self._peaks)
        if sample.dtype.kind != "f":
            raise UsageError(
                f"{self._name}: dtype {sample.dtype}; expected float32, scaled as the model was "
                "trained."
            )
        if self._shape is None:
            self._shape = sample.shape
        if sample.shape != self._shape or sample.ndim < 1 or sample.size == 0:
            raise UsageError(
                f"{self._name}: sample {number} has shape {list(sample.shape)}; expected "
                f"{list(self._shape)}, as sample 0, and at least one value."
            )
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite then
            values = np.ascontiguousarray(sample, np.float32)
        if not np.isfinite(values).all():
            raise UsageError(f"{self._name}: the samples hold NaN or infinity (sample {number}).")
        low, high = float(values.min()), float(values.max())
        self._low, self._high = min(self._low, low), max(self._high, high)
        self._peaks.append(max(abs(low), abs(high)))
        return values

    def finish(self, file: Path) -> Calibration:
        if self._shape is None:
            raise UsageError(f"{self._name}: there are no samples. {_NONE.partition('. ')[2]}")
        return Calibration(
            file,
            self._name,
            len(self._peaks),
            self._shape,
            float(self._low),
            float(self._high),
            np.asarray(self._peaks, np.float32),
        )


def _samples(source: Source, name: str) -> Iterator[npt.NDArray[Any]]:
    if isinstance(source, Path):
        with _open(source) as stream:
            yield from _read_array(stream, source)
    elif isinstance(source, np.ndarray):
        _check_batch(source.shape, source.dtype, name)
        yield from source
    else:
        yield from _guarded(source, name)


def _guarded(source: Iterable[npt.NDArray[Any]], name: str) -> Iterator[npt.NDArray[Any]]:
    """The samples of somebody's generator; whatever it raises is told with the sample's number."""
    number = 0
    try:
        for sample in source:
            yield np.asarray(sample)
            number += 1
    except ForgeError:
        raise
    except Exception as error:
        raise UsageError(
            f"{name}: the generator failed at sample {number} ({type(error).__name__}: {error}). "
            "Nothing was written."
        ) from error


@contextmanager
def _open(path: Path) -> Iterator[IO[bytes]]:
    """The array `inputs` of an `.npz`, or a `.npy` file, as a stream of bytes."""
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                file.seek(0)
                yield file
                return
            with zipfile.ZipFile(file) as archive, archive.open("inputs.npy") as member:
                yield member
    except ForgeError:
        raise
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file.") from None
    except KeyError:
        raise UsageError(f"{path}: holds no array named 'inputs'.") from None
    except Exception as error:  # zipfile and NumPy raise whatever the damage leads to
        raise UsageError(f"{path}: not a readable .npz or .npy file ({error}).") from error


def _read_array(stream: IO[bytes], path: Path) -> Iterator[npt.NDArray[Any]]:
    """The array of a `.npy` stream, one sample after the other."""
    shape, fortran, dtype = _header(stream)
    _check_batch(shape, dtype, str(path))
    if fortran:
        raise UsageError(
            f"{path}: the array is in Fortran order. Save it with numpy.ascontiguousarray."
        )
    size = int(np.prod(shape[1:])) * dtype.itemsize
    for number in range(shape[0]):
        content = stream.read(size)
        if len(content) != size:
            raise UsageError(
                f"{path}: not a readable .npz or .npy file (it ends at sample {number})."
            )
        yield np.frombuffer(content, dtype).reshape(shape[1:])


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    magic = stream.read(np.lib.format.MAGIC_LEN)
    if magic.startswith(b"PK"):
        raise ValueError("the archive is cut off or damaged")
    if len(magic) != np.lib.format.MAGIC_LEN or not magic.startswith(np.lib.format.MAGIC_PREFIX):
        raise ValueError("NumPy did not write it")
    version = tuple(magic[-2:])
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    return np.lib.format.read_array_header_2_0(stream)


def _check_batch(shape: tuple[int, ...], dtype: np.dtype[Any], name: str) -> None:
    if len(shape) < 2 or 0 in shape:
        raise UsageError(f"{name}: shape {list(shape)}; expected [N, ...] with N > 0.")
    if dtype.kind != "f":
        raise UsageError(
            f"{name}: dtype {dtype}; expected float32, scaled as the model was trained."
        )
