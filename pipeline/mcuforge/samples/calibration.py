"""Calibration samples, streamed: checked one by one and written to a file for the child process.

Only one sample is in memory at a time, wherever the samples come from: 10,000 need as much memory
as 100.
"""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import UsageError
from mcuforge.model_files.keras_inputs import DeclaredInputs
from mcuforge.samples import sources
from mcuforge.samples.sources import Source

Layout = Sequence[tuple[str, Sequence[int]]]  # name and shape of each input
Sample = tuple[npt.NDArray[np.float32], ...]  # an array for each of the model's inputs

_UNNAMED = "calibration samples"
_NONE = (
    "No calibration samples. Give an .npz whose array 'inputs' holds 100 or so typical "
    "inputs, float32 [N, ...]: they set the ranges of the int8 values. For a model with several "
    "inputs the .npz holds an array for each, by name."
)


@dataclass(frozen=True, eq=False)
class InputSamples:
    """What the samples of one input are like: each has `shape`.

    `low`, `high` are the extremes of all values, `peaks` holds the largest magnitude of each
    sample. `name` is empty where the model's file does not tell it.
    """

    name: str
    shape: tuple[int, ...]
    low: float
    high: float
    peaks: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Calibration:
    """Samples in a file: float32, one after the other, without a header.

    A sample's inputs follow each other in the model's order.
    """

    file: Path
    name: str
    count: int
    inputs: tuple[InputSamples, ...]

    @property
    def layout(self) -> Layout:
        """Name and shape of each input."""
        return [(i.name, i.shape) for i in self.inputs]

    @property
    def layout_json(self) -> str:
        """The layout as text, for `read_layout`."""
        return json.dumps(self.layout)

    def samples(self) -> Iterator[Sample]:
        """Every sample."""
        return read(self.file, self.layout)

    def given(self) -> Iterator[Mapping[str, Any] | npt.NDArray[np.float32]]:
        """Every sample as `write` takes it."""
        for sample in self.samples():
            if len(sample) == 1:
                yield sample[0]
            else:
                yield {i.name: values for i, values in zip(self.inputs, sample, strict=True)}


def write(source: Source | None, file: Path, inputs: DeclaredInputs | None = None) -> Calibration:
    """Check the samples that `samples.sources` finds in `source`, and write `file`.

    `inputs` are the model's; without them it is taken to have one. Raises `UsageError` where there
    is no sample, one is not float, not finite, of another shape than the input or the first sample,
    the file cannot be read, or the iterable itself raises.
    """
    if source is None:
        raise UsageError(_NONE)
    name = os.fspath(source) if isinstance(source, str | os.PathLike) else _UNNAMED
    names = inputs.names if inputs else ("",)
    summaries = [_Summary(name, n if len(names) > 1 else "") for n in names]
    count = 0
    with file.open("wb") as stream:
        for values in sources.samples(source, name, inputs):
            for summary, each in zip(summaries, values, strict=True):
                stream.write(summary.add(each).tobytes())
            count += 1
    if count == 0:
        raise UsageError(f"{name}: there are no samples. {_NONE.partition('. ')[2]}")
    told = tuple(s.finish(n) for s, n in zip(summaries, names, strict=True))
    return Calibration(file, name, count, told)


def read(file: Path, layout: Layout) -> Iterator[Sample]:
    """The samples of a file that `write` wrote with this layout."""
    shapes = [shape for _, shape in layout]
    sizes = [int(np.prod(shape)) for shape in shapes]
    ends = np.cumsum(sizes)[:-1]
    with file.open("rb") as stream:
        while content := stream.read(sum(sizes) * np.dtype(np.float32).itemsize):
            parts = np.split(np.frombuffer(content, np.float32), ends)
            yield tuple(
                part.reshape(tuple(shape)) for part, shape in zip(parts, shapes, strict=True)
            )


def read_layout(layout: str) -> list[tuple[str, tuple[int, ...]]]:
    """Name and shape of each input, from a `Calibration.layout`."""
    return [(name, tuple(shape)) for name, shape in json.loads(layout)]


class _Summary:
    """Checks the samples of one input and keeps what `InputSamples` tells about them."""

    def __init__(self, where: str, name: str) -> None:
        self._where = f"{where}, input '{name}'" if name else where
        self._shape: tuple[int, ...] | None = None
        self._low, self._high = np.inf, -np.inf
        self._peaks = array("f")

    def add(self, sample: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        number = len(self._peaks)
        if self._shape is None:
            self._shape = sample.shape
        if sample.shape != self._shape or sample.ndim < 1 or sample.size == 0:
            raise UsageError(
                f"{self._where}: sample {number} has shape {list(sample.shape)}; expected "
                f"{list(self._shape)}, as sample 0, and at least one value."
            )
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite then
            values = np.ascontiguousarray(sample, np.float32)
        if not np.isfinite(values).all():
            raise UsageError(f"{self._where}: the samples hold NaN or infinity (sample {number}).")
        low, high = float(values.min()), float(values.max())
        self._low, self._high = min(self._low, low), max(self._high, high)
        self._peaks.append(max(abs(low), abs(high)))
        return values

    def finish(self, name: str) -> InputSamples:
        return InputSamples(
            name,
            self._shape or (),
            float(self._low),
            float(self._high),
            np.asarray(self._peaks, np.float32),
        )
