"""Arrays of samples in `.npz` and `.npy` files, read whole or one sample after the other."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import ForgeError, UsageError
from mcuforge.files import untrusted

ONLY = "inputs"  # what the array of a model's only input is called
_SUFFIX = ".npy"  # of an archive's members


@dataclass(frozen=True, eq=False)
class StoredArray:
    """An array in a file: what its header says, and where its values begin."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    stream: IO[bytes]
    file: Path

    def whole(self) -> npt.NDArray[Any]:
        """All values at once."""
        return self._values(self.shape, 0)

    def rows(self) -> Iterator[npt.NDArray[Any]]:
        """The values along the first axis, one after the other."""
        for number in range(self.shape[0]):
            yield self._values(self.shape[1:], number)

    def _values(self, shape: tuple[int, ...], number: int) -> npt.NDArray[Any]:
        size = int(np.prod(shape)) * self.dtype.itemsize
        content = self.stream.read(size)
        if len(content) != size:
            raise UsageError(
                f"{self.file}: not a readable .npz or .npy file (it ends at sample {number})."
            )
        return np.frombuffer(content, self.dtype).reshape(shape)


@contextmanager
def open_arrays(path: Path, names: Sequence[str]) -> Iterator[list[StoredArray]]:
    """One array for each of a model's inputs; `names` is empty where they are not known.

    The arrays of an `.npz` are called as the inputs, or input_0, input_1, ..., or as NumPy calls
    unnamed ones; that of an only input may be called `inputs`, too, or be a `.npy` file.

    Raises `UsageError` where the file is missing, damaged, or holds other arrays.
    """
    try:
        with ExitStack() as stack:
            yield _opened(path, names, stack)
    except ForgeError:
        raise
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file.") from None
    except IsADirectoryError:
        raise UsageError(f"{path}: a folder; give an .npz or .npy file.") from None
    except Exception as error:  # zipfile and NumPy raise whatever the damage leads to
        raise UsageError(f"{path}: not a readable .npz or .npy file ({error}).") from error


def read_inputs(path: Path, names: Sequence[str]) -> list[npt.NDArray[Any]]:
    """The array [N, ...] of each input of a model; `names` are the inputs'.

    Raises `UsageError` as `open_arrays` does.
    """
    with open_arrays(path, names) as arrays:
        if any(array.dtype.hasobject for array in arrays):
            raise UsageError(f"{path}: holds Python objects, not numbers.")
        found = [array.whole() for array in arrays]
    if any(array.ndim < 1 or len(array) == 0 for array in found):
        raise UsageError(f"{path}: holds no samples.")
    return found


def read_array(path: Path, name: str = ONLY) -> npt.NDArray[Any]:
    """The array `name` of an `.npz`, or a `.npy` file, shape [N, ...]. Pickled content is refused.

    Raises `UsageError` where the file is missing, damaged or empty, or holds no such array.
    """
    try:
        untrusted.check_archive(path, untrusted.OF_SAMPLES)
        with path.open("rb") as file:
            array = _member(np.load(file, allow_pickle=False), name)
    except ForgeError:
        raise
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file.") from None
    except KeyError:
        raise UsageError(f"{path}: holds no array named '{name}'.") from None
    except Exception as error:  # NumPy and zipfile raise whatever the damage leads to
        raise UsageError(f"{path}: not a readable .npz or .npy file ({error}).") from error
    if array.ndim < 1 or array.nbytes == 0:
        raise UsageError(f"{path}: holds no samples.")
    return np.asarray(array)


def array_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Name and shape of each array of an `.npz`, from the headers alone; empty for another file.

    Raises `UsageError` where the file is missing or damaged.
    """
    try:
        untrusted.check_archive(path, untrusted.OF_SAMPLES)
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                return {}
            with zipfile.ZipFile(file) as archive:
                return {name: _shape(archive, name) for name in _arrays(archive)}
    except ForgeError:
        raise
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file.") from None
    except Exception as error:  # zipfile and NumPy raise whatever the damage leads to
        raise UsageError(f"{path}: not a readable .npz or .npy file ({error}).") from error


def array_names(path: Path) -> tuple[str, ...] | None:
    """The names of the arrays of an `.npz`; None for another file, such as a `.npy`.

    Raises `UsageError` where the file is missing or damaged.
    """
    found = array_shapes(path)
    return tuple(found) if found or zipfile.is_zipfile(path) else None


def _arrays(archive: zipfile.ZipFile) -> list[str]:
    return [n.removesuffix(_SUFFIX) for n in archive.namelist() if n.endswith(_SUFFIX)]


def _shape(archive: zipfile.ZipFile, name: str) -> tuple[int, ...]:
    with archive.open(name + _SUFFIX) as stream:
        return _header(stream)[0]


def choose(path: Path, there: Sequence[str], names: Sequence[str]) -> list[str]:
    """Of the arrays that are `there`, that of each input. Raises `UsageError` without a choice."""
    if names and set(names) <= set(there):
        return list(names)
    if len(names) <= 1 and ONLY in there:
        return [ONLY]
    numbers = range(max(len(names), 1))
    numbered = [f"input_{number}" for number in numbers]
    if set(numbered) <= set(there):
        return numbered
    unnamed = [f"arr_{number}" for number in numbers]
    if set(unnamed) == set(there):
        return unnamed
    holds = f"It holds: {', '.join(there) or 'nothing'}."
    if len(names) <= 1:
        also = f" (or '{names[0]}', the input's name)" if names else ""
        raise UsageError(f"{path}: holds no array named '{ONLY}'{also}. {holds}")
    raise UsageError(
        f"{path}: the model has the inputs {_quoted(names)}; give an array of that name for each. "
        f"{holds}"
    )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _opened(path: Path, names: Sequence[str], stack: ExitStack) -> list[StoredArray]:
    untrusted.check_archive(path, untrusted.OF_SAMPLES)
    file = stack.enter_context(path.open("rb"))
    if not zipfile.is_zipfile(file):
        file.seek(0)
        array = _array(ONLY, file, path, path.stat().st_size)
        if len(names) > 1:
            raise UsageError(
                f"{path}: one array, but the model has the inputs {_quoted(names)}. Give an .npz "
                "with an array of that name for each."
            )
        return [array]
    archive = stack.enter_context(zipfile.ZipFile(file))
    there = _arrays(archive)
    return [
        _array(
            name,
            stack.enter_context(archive.open(name + _SUFFIX)),
            path,
            archive.getinfo(name + _SUFFIX).file_size,
        )
        for name in choose(path, there, names)
    ]


def _array(name: str, stream: IO[bytes], path: Path, size: int) -> StoredArray:
    """The array in a stream of `size` bytes: never more is read at once."""
    shape, fortran, dtype = _header(stream)
    if not dtype.hasobject and math.prod(shape) * dtype.itemsize > size:
        raise ValueError(f"of shape {list(shape)} it would be larger than the file")
    if min(shape, default=0) < 0 or (shape[:1] > (0,) and math.prod(shape) * dtype.itemsize == 0):
        raise ValueError(f"its header is wrong: shape {list(shape)}, dtype {dtype}")
    if fortran and len(shape) > 1:
        raise UsageError(
            f"{path}: the array is in Fortran order. Save it with numpy.ascontiguousarray."
        )
    return StoredArray(name, shape, dtype, stream, path)


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


def _member(content: Any, name: str) -> npt.NDArray[Any]:
    if not isinstance(content, np.lib.npyio.NpzFile):
        return np.asarray(content)
    with content:
        return np.asarray(content[name])
