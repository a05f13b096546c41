"""A TensorFlow SavedModel as `user_model.UserModel`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from mcuforge.convert.same_model import Outputs
from mcuforge.errors import ModelError
from mcuforge.samples.calibration import Sample
from mcuforge.wording import keras_words

_SIGNATURE = "serving_default"
_NUMBERED = re.compile(r"output_(\d+)")  # what Keras calls the outputs of a list
# Ops that reach beyond the model: files, other programs, Python. Names, or how they begin.
_REACHING = (
    "ReadFile", "WriteFile", "MatchingFiles", "Save", "MergeV2Checkpoints", "Restore",
    "PyFunc", "EagerPyFunc", "Print", "InitializeTableFromTextFile", "Experimental",
    "WholeFileReader", "TextLineReader", "FixedLengthRecordReader", "TFRecordReader", "LMDB",
    "TextLineDataset", "TFRecordDataset", "FixedLengthRecordDataset", "SqlDataset",
    "SnapshotDataset",
    "CreateSummary", "WriteSummary", "WriteGraphSummary", "WriteScalarSummary", "AudioSummary",
    "WriteImageSummary", "WriteRawProtoSummary", "WriteHistogramSummary", "WriteAudioSummary",
    "Rpc", "TryRpc", "DataService", "RegisterDataset", "LoadDataset", "AssetsPath", "Send", "Recv",
)  # fmt: skip
_LOOPS = ("While", "StatelessWhile")
_HALF = (tf.float16.as_datatype_enum, tf.bfloat16.as_datatype_enum)


@dataclass(frozen=True)
class Input:
    """An input of the signature. `shape` has the batch; what is open is None."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


class SavedModel:
    """See `user_model.UserModel`. Layers are not known any more: nothing can be recorded."""

    number_format = "float32"

    def __init__(self, where: str, loaded: Any, signature: Any) -> None:
        self.where = where
        self._loaded = loaded
        self._signature = signature
        named = signature.structured_input_signature[1]
        self._specs = [named[name] for name in sorted(named)]
        self._names = sorted(named)
        self.traced: Sequence[str] = self._names
        self.output_names: Sequence[str] = sorted(signature.structured_outputs, key=_position)
        self.inputs: Sequence[Any] = [
            Input(name, _shape(named[name]), named[name].dtype.name) for name in self._names
        ]

    def outputs(self, sample: Sample) -> Outputs:
        """See `user_model.UserModel`."""
        batches = (tf.constant(values[np.newaxis]) for values in sample)
        found = self._called(dict(zip(self._names, batches, strict=True)))
        return [np.asarray(output, np.float64)[0] for output in found.values()]

    def export(self, folder: Path) -> None:
        """See `user_model.UserModel`."""
        specs = {
            name: tf.TensorSpec((1, *spec.shape[1:]), spec.dtype, name=name)
            for name, spec in zip(self._names, self._specs, strict=True)
        }
        module = tf.Module()
        module.loaded = self._loaded  # keeps the variables
        serve = tf.function(lambda **inputs: self._called(inputs))
        tf.saved_model.save(module, str(folder), serve.get_concrete_function(**specs))

    def _called(self, batches: dict[str, Any]) -> dict[str, Any]:
        """The outputs in order, called as `export` promises."""
        found = self._signature(**batches)
        return {f"output_{n}": found[name] for n, name in enumerate(self.output_names)}

    def record(self, sample: Sample, *, exported: bool) -> list[tuple[str, Outputs]]:
        """See `user_model.UserModel`."""
        del exported
        return [(Path(self.where).name, self.outputs(sample))]


def load(folder: Path) -> SavedModel:
    """Load the signature of a SavedModel of which no op reaches beyond it. Raises `ModelError`."""
    try:
        proto = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
        _check(proto, str(folder))
        loaded = tf.saved_model.load(str(folder))
        signatures = dict(loaded.signatures)
    except ModelError:
        raise
    except Exception as error:  # protobuf and TensorFlow raise whatever the damage leads to
        reason = " ".join(str(error).split())[:300]
        raise ModelError(
            f"{folder}: a SavedModel that cannot be loaded ({type(error).__name__}: {reason}). "
            "Write it again with model.export('folder')."
        ) from error
    chosen = _SIGNATURE if len(signatures) != 1 else next(iter(signatures))
    if chosen in signatures:
        return SavedModel(str(folder), loaded, signatures[chosen])
    names = ", ".join(f"'{name}'" for name in signatures) or "none"
    raise ModelError(
        f"{folder}: a SavedModel with the signatures {names}, none of them '{_SIGNATURE}'. "
        "Write it with model.export('folder')."
    )


def _position(name: str) -> tuple[int, str]:
    """What sorts the names of a signature's outputs into Keras's order."""
    match = _NUMBERED.fullmatch(name)
    return (int(match.group(1)), "") if match else (-1, name)


def _shape(spec: Any) -> tuple[int | None, ...]:
    return tuple(spec.shape.as_list()) if spec.shape.rank else ()


def _check(proto: Any, where: str) -> None:
    """Raise `ModelError` where something that loading or calling can run reaches beyond the model.

    The functions that write and read checkpoints stand in the graph alone, which is not run.
    """
    graph = proto.meta_graphs[0]
    roots = list(graph.object_graph_def.concrete_functions)
    if not roots:
        raise ModelError(
            f"{where}: a SavedModel of TensorFlow 1, or without functions. Load it with "
            "TensorFlow 2 and write it with tf.saved_model.save(model, 'folder', signatures=...)."
        )
    for function, node in _reached(graph.graph_def.library, roots):
        if node.op.startswith(_REACHING):
            raise ModelError(
                f"{where}: the op {node.op} ('{node.name}' in {function}) reaches beyond the model "
                "(files, programs, the screen), which is not allowed. Export the model without it."
            )
        if node.op in _LOOPS:
            raise ModelError(
                f"{where}: '{node.name}' is a loop, which the int8 converter cannot take. "
                f"{keras_words.advice_on_loops()}"
            )
        if any(attribute.type in _HALF for attribute in node.attr.values()):
            raise ModelError(
                f"{where}: '{node.name}' computes in float16, which has no int8 version. Convert "
                "the .keras or HDF5 file, which is rebuilt in float32; or build the model after "
                "keras.config.set_dtype_policy('float32'), load the weights, and export that."
            )


def _reached(library: Any, roots: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Every node of the functions that the roots call, with its function's name."""
    functions = {function.signature.name: function for function in library.function}
    waiting, seen = list(roots), set(roots)
    while waiting:
        name = waiting.pop()
        if name not in functions:
            continue
        for node in functions[name].node_def:
            yield name, node
            called = {node.op, *_called(node)} - seen
            seen |= called
            waiting += sorted(called)


def _called(node: Any) -> Iterator[str]:
    for attribute in node.attr.values():
        if attribute.HasField("func"):
            yield attribute.func.name
        for function in attribute.list.func:
            yield function.name
