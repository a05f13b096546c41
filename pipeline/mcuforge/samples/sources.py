"""Whatever people keep samples in, as one sample after the other.

A file, an array or whatever NumPy takes for one, a dict of arrays, a tuple or list of arrays, an
iterable of samples or of batches, or a function that returns one of these. Names and shapes of the
model's inputs decide what is meant; what they do not decide is refused.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import ForgeError, UsageError
from mcuforge.model_files.keras_inputs import DeclaredInput, DeclaredInputs, Structure
from mcuforge.samples import array_files

Array = npt.NDArray[Any]
Source = str | os.PathLike[str] | npt.NDArray[Any] | Iterable[Any] | Callable[[], Any]
Values = tuple[Array, ...]  # of one sample or one batch: an array for each input

_FLOAT = "expected float32, scaled as the model was trained. If the model takes raw values: "


def samples(source: Any, where: str, inputs: DeclaredInputs | None) -> Iterator[Values]:
    """Every sample as an array for each input, without a batch axis.

    `inputs` is None for a model whose file does not tell: it is then taken to have one input.
    Raises `UsageError` where a sample cannot be read, is not float, or does not fit the inputs.
    """
    if _is_function(source):
        source = _called(source, where)
    if isinstance(source, str | os.PathLike):
        yield from _of_file(Path(source), inputs)
    elif isinstance(source, Mapping) or _is_array(source) or _is_one_batch(source, inputs):
        yield from _batch(_values(source, inputs, where), inputs, where, is_batch=True)
    else:
        yield from _of_items(_iterable(source, where), where, inputs)


def _of_file(path: Path, inputs: DeclaredInputs | None) -> Iterator[Values]:
    where = str(path)
    with array_files.open_arrays(path, inputs.names if inputs else ()) as arrays:
        for array in arrays:
            _check_floats(array.dtype, where)
        shapes = [array.shape for array in arrays]
        if inputs and all(map(_fits, shapes, inputs.inputs)):
            yield tuple(array.whole() for array in arrays)
            return
        _check_batches(shapes, inputs, where)
        yield from zip(*(array.rows() for array in arrays), strict=True)


def _of_items(source: Iterable[Any], where: str, inputs: DeclaredInputs | None) -> Iterator[Values]:
    """The samples of somebody's generator; whatever it raises is told with the item's number."""
    number = 0
    try:
        for item in source:
            about = f"{where}, sample {number}"
            yield from _batch(_values(item, inputs, about), inputs, about, is_batch=False)
            number += 1
    except ForgeError:
        raise
    except Exception as error:
        raise UsageError(
            f"{where}: the generator failed at sample {number} ({type(error).__name__}: {error}). "
            "Nothing was written."
        ) from error


def _iterable(source: Any, where: str) -> Iterable[Any]:
    if hasattr(source, "__iter__"):
        found: Iterable[Any] = source
        return found
    if hasattr(source, "__getitem__") and hasattr(source, "__len__"):  # keras.utils.PyDataset
        return (source[number] for number in range(len(source)))
    raise UsageError(
        f"{where}: a {type(source).__name__}; give a file, an array, a dict of arrays, or an "
        "iterable that yields samples."
    )


def _is_function(source: Any) -> bool:
    return callable(source) and not hasattr(source, "__iter__") and not _is_array(source)


def _called(function: Any, where: str) -> Any:
    try:
        return function()
    except Exception as error:
        raise UsageError(
            f"{where}: calling the function failed ({type(error).__name__}: {error}). It is called "
            "without arguments and must return samples, or yield them."
        ) from error


def _is_array(thing: Any) -> bool:
    """True for NumPy's arrays and what turns into one: tensors, tables."""
    return hasattr(thing, "__array__")


def _is_one_batch(source: Any, inputs: DeclaredInputs | None) -> bool:
    """True for a tuple or list that is no list of samples: an array for each of several inputs.

    So are batches side by side, of which the second may well be what the model should give.
    """
    if inputs is None or not isinstance(source, tuple | list) or not all(map(_is_array, source)):
        return False
    if len(inputs.inputs) > 1:
        return len(source) == len(inputs.inputs)
    return len(source) > 1 and _fits(np.shape(source[0])[1:], inputs.inputs[0])


def _values(item: Any, inputs: DeclaredInputs | None, where: str) -> Values:
    """The arrays of an item, one for each input: by name, else as the model is called."""
    if inputs is None or len(inputs.inputs) == 1:
        return (_only(item, inputs.inputs[0] if inputs else None, inputs, where),)
    if isinstance(item, Mapping) and set(inputs.names) <= set(item):
        return tuple(_array(item[name], where) for name in inputs.names)
    found: dict[str, Any] = {}
    if _is_array(item) or not _match(inputs.structure, item, found):
        raise UsageError(
            f"{where}: the model has the inputs {_told(inputs)}; give a dict with an array for "
            f"each, by name. Here is {_described(item)}."
        )
    return tuple(_array(found[name], where) for name in inputs.names)


def _only(
    item: Any, declared: DeclaredInput | None, inputs: DeclaredInputs | None, where: str
) -> Array:
    """The array of a model's only input."""
    if isinstance(item, Mapping):
        names = [array_files.ONLY, *(inputs.names if inputs else ())]
        found: dict[str, Any] = {}
        if inputs and _match(inputs.structure, item, found):
            return _array(found[inputs.names[0]], where)
        there = [name for name in names if name in item]
        if len(there) != 1:
            raise UsageError(f"{where}: {_described(item)}; expected {' or '.join(names[::-1])}.")
        return _array(item[there[0]], where)
    if not isinstance(item, tuple | list) or not any(map(_is_part, item)):
        return _array(item, where)
    # a list of rows is a sample as well, where it has just the shape of one
    if isinstance(item, list) and declared and _fits(_shape_of(item), declared):
        return _array(item, where)
    if len(item) != 1:
        raise UsageError(
            f"{where}: {_described(item)}, but the model has one input. Give the inputs alone, "
            "without labels: of a dataset, dataset.map(lambda x, y: x)."
        )
    return _only(item[0], declared, inputs, where)


def _is_part(thing: Any) -> bool:
    """True for an array with axes, and for what holds arrays: an item's part, not a number."""
    if isinstance(thing, Mapping):
        return True
    if isinstance(thing, tuple | list):
        return any(map(_is_part, thing))
    return _is_array(thing) and np.ndim(thing) > 0


def _match(structure: Structure, item: Any, found: dict[str, Any]) -> bool:
    """Sort an item that is nested as the model's inputs are into `found`, by name."""
    if isinstance(structure, str):
        found[structure] = item
        return not isinstance(item, Mapping | tuple)
    if isinstance(structure, dict):
        if not isinstance(item, Mapping) or not set(structure) <= set(item):
            return False
        return all(_match(part, item[key], found) for key, part in structure.items())
    if not isinstance(item, tuple | list) or len(item) != len(structure):
        return False
    return all(_match(part, value, found) for part, value in zip(structure, item, strict=True))


def _array(value: Any, where: str) -> Array:
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"{where}: {_described(value)} is no array of numbers ({error})."
        ) from error
    _check_floats(array.dtype, where)
    return array


def _batch(
    values: Values, inputs: DeclaredInputs | None, where: str, *, is_batch: bool
) -> Iterator[Values]:
    """The samples in an item: one, or as many as its arrays have along an axis more.

    Without knowledge of the inputs `is_batch` decides.
    """
    shapes = [array.shape for array in values]
    one = all(map(_fits, shapes, inputs.inputs)) if inputs else not is_batch
    if one:
        yield values
        return
    _check_batches(shapes, inputs, where)
    yield from zip(*values, strict=True)


def _check_floats(dtype: np.dtype[Any], where: str) -> None:
    if dtype.kind != "f":
        way_out = "samples.astype('float32')." if dtype.kind in "iub" else "convert them first."
        raise UsageError(f"{where}: dtype {dtype}; {_FLOAT}{way_out}")


def _check_batches(
    shapes: list[tuple[int, ...]], inputs: DeclaredInputs | None, where: str
) -> None:
    """Raise unless every shape is [N, ...] with one N, and the rest fits the inputs."""
    for number, shape in enumerate(shapes):
        if (len(shape) < 2 and inputs is None) or 0 in shape or not shape:
            raise UsageError(f"{where}: shape {list(shape)}; expected [N, ...] with N > 0.")
        if inputs and not _fits(shape[1:], inputs.inputs[number]):
            raise _misfit(shape, inputs.inputs[number], where)
    counts = [shape[0] for shape in shapes]
    if inputs and len(set(counts)) > 1:
        told = ", ".join(f"{count} of '{n}'" for n, count in zip(inputs.names, counts, strict=True))
        raise UsageError(f"{where}: as many samples are needed for each input; here are {told}.")


def _misfit(shape: tuple[int, ...], declared: DeclaredInput, where: str) -> UsageError:
    advice = ""
    for given in (shape, shape[1:]):
        if _fits((*given, 1), declared):
            advice = " The last axis is missing: samples[..., numpy.newaxis]."
    return UsageError(
        f"{where}: samples of shape {list(shape)} do not fit input '{declared.name}', which is "
        f"{shape_text(declared.shape)}; expected that shape, or that of N samples.{advice}"
    )


def _fits(shape: tuple[int, ...], declared: DeclaredInput) -> bool:
    wanted = declared.shape
    return len(shape) == len(wanted) and all(
        size > 0 and extent in (None, size) for size, extent in zip(shape, wanted, strict=True)
    )


def _shape_of(item: list[Any]) -> tuple[int, ...]:
    try:
        return np.shape(item)
    except ValueError:  # rows of different lengths
        return ()


def shape_text(shape: Iterable[int | None]) -> str:
    """A shape for people: `?` is an extent that is left open."""
    return "[" + ", ".join("?" if d is None else str(d) for d in shape) + "]"


def _told(inputs: DeclaredInputs) -> str:
    return ", ".join(f"'{i.name}' {shape_text(i.shape)}" for i in inputs.inputs)


def _described(item: Any) -> str:
    """What an item is, for messages."""
    if isinstance(item, Mapping):
        return f"a dict of {', '.join(repr(key) for key in item) or 'nothing'}"
    if isinstance(item, tuple | list):
        parts = ", ".join(_described(part) for part in item[:4])
        return f"a {type(item).__name__} of {len(item)} ({parts}{', ...' * (len(item) > 4)})"
    if _is_array(item):
        return f"an array of shape {list(np.shape(item))}"
    return f"a {type(item).__name__}"
