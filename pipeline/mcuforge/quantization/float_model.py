"""The float `.tflite` that ranges are observed on and applied to."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from mcuforge.frontend.layer_names import layer_name
from mcuforge.samples.calibration import Sample
from mcuforge.tflite import flatbuffer

Floats = npt.NDArray[np.float32]

_FLOAT32 = schema.TensorType.FLOAT32


@dataclass(frozen=True)
class Activation:
    """A float tensor that is computed, or the model's input."""

    index: int
    name: str
    layer: str


def with_unique_names(model: bytes) -> bytes:
    """The model with every tensor named, and no two alike: ranges are handed over by name."""
    unpacked = flatbuffer.unpack(model)
    for graph in unpacked.subgraphs:
        taken: set[str] = set()
        for number, tensor in enumerate(graph.tensors):
            name = flatbuffer.name_of(tensor) or f"tensor{number}"
            while name in taken:
                name = f"{name}#{number}"
            taken.add(name)
            tensor.name = name.encode()
    return flatbuffer.pack(unpacked)


def activations(model: Any) -> list[Activation]:
    """The activations of an unpacked model's only graph: its inputs, then in order of execution."""
    graph = model.subgraphs[0]
    indices = [*graph.inputs, *(i for op in graph.operators for i in op.outputs)]
    found = []
    for index in dict.fromkeys(int(i) for i in indices):
        tensor = graph.tensors[index]
        if tensor.type == _FLOAT32:
            name = flatbuffer.name_of(tensor)
            found.append(Activation(index, name, layer_name(name)))
    return found


class Runner:
    """LiteRT on one model, which keeps every activation of the last `run`."""

    def __init__(self, model: bytes, *, preserve: bool) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it advises against preserving
            self._interpreter = Interpreter(
                model_content=model,
                num_threads=1,
                # XNNPACK writes over activations, preserved or not
                experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
                experimental_preserve_all_tensors=preserve,
            )
        self._interpreter.allocate_tensors()
        self._inputs = self._interpreter.get_input_details()
        self._outputs = self._interpreter.get_output_details()

    def run(self, sample: Sample | Floats) -> npt.NDArray[np.float64]:
        """The first output, in real values, for a sample in real values: an array an input.

        That of an only input may be given alone.
        """
        arrays = (sample,) if isinstance(sample, np.ndarray) else sample
        for details, values in zip(self._inputs, arrays, strict=True):
            self._interpreter.set_tensor(details["index"], _encoded(values, details))
        self._interpreter.invoke()
        return self._real(self._outputs[0])

    def outputs(self) -> tuple[npt.NDArray[np.float64], ...]:
        """Every output after `run`, in real values."""
        return tuple(self._real(details) for details in self._outputs)

    def _real(self, details: dict[str, Any]) -> npt.NDArray[np.float64]:
        output = self._interpreter.get_tensor(details["index"])
        scale, zero_point = details["quantization"]
        if output.dtype == np.float32:
            return np.asarray(output, np.float64)
        return np.asarray((output.astype(np.float64) - zero_point) * scale)

    def tensor(self, index: int) -> Floats:
        """An activation after `run`."""
        return np.asarray(self._interpreter.get_tensor(index))


def _encoded(sample: Floats, details: dict[str, Any]) -> npt.NDArray[Any]:
    """A real-valued sample as the input takes it: TFLite's QUANTIZE where it is quantised."""
    batch = sample.reshape(details["shape"])
    if details["dtype"] is np.float32:
        return batch
    scale, zero_point = details["quantization"]
    ratio = (batch / np.float32(scale)).astype(np.float64)
    rounded = np.copysign(np.floor(np.abs(ratio) + 0.5), ratio) + zero_point
    info = np.iinfo(details["dtype"])
    return np.asarray(np.clip(rounded, info.min, info.max), details["dtype"])


def outputs(model: bytes, samples: Iterable[Sample | Floats]) -> Iterator[npt.NDArray[np.float64]]:
    """The first output of every sample, in real values."""
    runner = Runner(model, preserve=False)
    for sample in samples:
        yield runner.run(sample)
