"""The child process that runs an interpreter: `python -P -m mcuforge.oracle.worker [tflm|litert]`.

Answers requests on stdin on stdout, one after the other, until stdin ends: `framing` messages, each
after its length. Whatever the interpreters print goes to stderr, which the parent shows where they
fail.

request   header {engine: "tflm" or a LiteRT resolver, tensors: [tensor index, ...]},
          arrays `model` (uint8) and `input<i>` of shape [samples, *shape of input i]
reply     arrays `output<i>` and `tensor<index>`, stacked likewise; or header {error: text}

The engine "tflm_allocations" only loads the model and prints what TFLM allocated, on stderr.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mcuforge.processes import framing, kept_worker, python_worker

Array = npt.NDArray[Any]

_TFLM_MODULE = "tflite_micro.python.tflite_micro.runtime"
# Enough for any model of a microcontroller at first. The memory is touched only where it is used.
_ARENA_BYTES = (1 << 22, 1 << 26, 1 << 30)


class Session(Protocol):
    """A loaded model. Variables keep their values from one `invoke` to the next."""

    def invoke(self, inputs: Sequence[Array]) -> list[Array]:
        """Run the model once: one array for each input, one for each output."""
        ...

    def tensor(self, index: int) -> Array:
        """The value of an activation after `invoke`, where `preserve` was asked for."""
        ...


class TflmSession:
    """TFLM's reference kernels."""

    def __init__(self, model: bytes, preserve: bool) -> None:
        runtime = import_module(_TFLM_MODULE)
        graph = runtime.schema_fb.Model.GetRootAs(model, 0).Subgraphs(0)
        # TFLM's Python API does not count them, and does not check a tensor's index.
        self._inputs = int(graph.InputsLength())
        self._outputs = int(graph.OutputsLength())
        self._tensors = int(graph.TensorsLength())
        modes = runtime.InterpreterConfig
        mode = modes.kPreserveAllTensors if preserve else modes.kAllocationRecording
        self._interpreter = _grow(
            lambda arena: runtime.Interpreter.from_bytes(
                model, arena_size=arena, intrepreter_config=mode
            )
        )

    def print_allocations(self) -> None:
        """Print the bytes that the model takes of the arena, by kind, on stderr."""
        self._interpreter.print_allocations()

    def invoke(self, inputs: Sequence[Array]) -> list[Array]:
        """See `Session`."""
        _check_count(inputs, self._inputs)
        for position, values in enumerate(inputs):
            self._interpreter.set_input(values, position)
        self._interpreter.invoke()
        return [np.array(self._interpreter.get_output(i)) for i in range(self._outputs)]

    def tensor(self, index: int) -> Array:
        """See `Session`."""
        if not 0 <= index < self._tensors:
            raise ValueError(f"the model has no tensor {index}")
        return np.array(self._interpreter.GetTensor(index, 0)["tensor_data"])


def _grow(create: Any) -> Any:
    """The interpreter in the smallest of the arenas in which it loads."""
    for arena in _ARENA_BYTES[:-1]:
        try:
            return create(arena)
        except RuntimeError:
            continue
    return create(_ARENA_BYTES[-1])


class LiteRtSession:
    """LiteRT with one of its op resolvers, from ai-edge-litert or from tflite-runtime."""

    def __init__(self, model: bytes, resolver: str, preserve: bool) -> None:
        module = litert_module()
        self._interpreter = module.Interpreter(
            model_content=model,
            num_threads=1,
            experimental_op_resolver_type=module.OpResolverType[resolver],
            experimental_preserve_all_tensors=preserve,
        )
        self._interpreter.allocate_tensors()
        self._inputs = [int(d["index"]) for d in self._interpreter.get_input_details()]
        self._outputs = [int(d["index"]) for d in self._interpreter.get_output_details()]

    def invoke(self, inputs: Sequence[Array]) -> list[Array]:
        """See `Session`."""
        _check_count(inputs, len(self._inputs))
        for index, values in zip(self._inputs, inputs, strict=True):
            self._interpreter.set_tensor(index, values)
        self._interpreter.invoke()
        return [self.tensor(index) for index in self._outputs]

    def tensor(self, index: int) -> Array:
        """See `Session`."""
        return np.array(self._interpreter.get_tensor(index))


def litert_module() -> Any:
    """ai-edge-litert's interpreter, or that of tflite-runtime, its predecessor.

    Raises `ImportError` where neither works.
    """
    try:
        return import_module("ai_edge_litert.interpreter")
    except ImportError:
        if find_spec("tflite_runtime") is None:
            raise
    if int(np.__version__.split(".")[0]) >= 2:
        raise ImportError("tflite-runtime works with numpy<2 only; install ai-edge-litert instead")
    return import_module("tflite_runtime.interpreter")


def _check_count(inputs: Sequence[Array], count: int) -> None:
    if len(inputs) != count:
        raise ValueError(f"the model has {count} inputs, and {len(inputs)} were given")


def _open(engine: str, model: bytes, preserve: bool) -> Session:
    if engine == "tflm":
        return TflmSession(model, preserve)
    return LiteRtSession(model, engine, preserve)


def answer(header: dict[str, Any], arrays: framing.Arrays) -> framing.Arrays:
    """Run every sample of a request; the arrays of the reply."""
    tensors = [int(t) for t in header["tensors"]]
    if header["engine"] == "tflm_allocations":
        TflmSession(arrays["model"].tobytes(), preserve=False).print_allocations()
        return {}
    session = _open(str(header["engine"]), arrays.pop("model").tobytes(), bool(tensors))
    inputs = [arrays[f"input{i}"] for i in range(len(arrays))]
    results: dict[str, list[Array]] = {}
    for sample in zip(*inputs, strict=True):
        for position, values in enumerate(session.invoke(sample)):
            results.setdefault(f"output{position}", []).append(values)
        for index in tensors:
            results.setdefault(f"tensor{index}", []).append(session.tensor(index))
    return {name: np.stack(values) for name, values in results.items()}


def _no_core_files() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _load(family: str = "") -> None:
    """Load what requests will need, while none has come; where it is missing, they say so."""
    with suppress(ImportError):
        if family == "tflm":
            import_module(_TFLM_MODULE)
        elif family:
            litert_module()


def reply(request: bytes) -> bytes:
    """The reply to a request, whatever it is."""
    try:
        return framing.pack({}, answer(*framing.unpack(request)))
    except Exception as error:
        return framing.pack({"error": f"{type(error).__name__}: {error}"}, {})


def main() -> None:
    """Answer the requests on stdin."""
    _no_core_files()
    warnings.simplefilter("ignore")
    with python_worker.answers(prints_to=sys.stderr.fileno()) as stream:  # interpreters print, too
        _load(*sys.argv[1:2])
        while (request := kept_worker.read_message(sys.stdin.fileno())) is not None:
            stream.write(kept_worker.framed(reply(request)))
            stream.flush()
            sys.stderr.flush()


if __name__ == "__main__":
    main()
