"""The user's model, in the child process: as it was saved, and as the converter takes it.

A Keras model is exported with a batch of one, its own layers traced and not rebuilt: what they
learnt outside their weights (the mean of a Normalization, tables, seeds) stays as it is. Only a
model in another number format than float32 is built a second time, in that.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from mcuforge.convert import saved_model
from mcuforge.convert.same_model import Outputs
from mcuforge.errors import ForgeError, ModelError
from mcuforge.model_files import keras_config, saved_config
from mcuforge.model_files.kind import Kind, recognise
from mcuforge.model_files.saved_config import SavedConfig
from mcuforge.samples.calibration import Sample

MOST_UNROLLED_STEPS = 128  # each becomes a dozen ops
Record = list[tuple[str, Outputs]]  # each layer's name and outputs, in the order of execution


class UserModel(Protocol):
    """A model as its user saved it; `where` names its file in messages.

    `inputs` have a name, a shape with the batch, and a dtype, in the model's order; `traced` are
    their names in what `export` writes, whose outputs are called output_0, output_1, ...
    `number_format` is what it computes in: float32, or one of `keras_config.REDUCED`.
    """

    where: str
    inputs: Sequence[Any]
    traced: Sequence[str]
    output_names: Sequence[str]
    number_format: str

    def outputs(self, sample: Sample) -> Outputs:
        """The model's own outputs for one sample [...], in its own number format."""
        ...

    def export(self, folder: Path) -> None:
        """Write it as a SavedModel that computes in float32 on a batch of one."""
        ...

    def record(self, sample: Sample, *, exported: bool) -> Record:
        """What each layer gives for a sample: of the model itself, or of the one exported."""
        ...


def load(path: Path, folder: Path) -> UserModel:
    """Load a `.keras` file, an HDF5 file or a SavedModel. `folder` is for temporary files.

    Nothing that the file brings is run as Python code. Raises `ModelError` naming the layer that
    cannot be loaded, and the way out.
    """
    if recognise(path) is Kind.SAVED_MODEL:
        return saved_model.load(path)
    saved = saved_config.read(path)
    saved_config.check_weights(saved)
    keras_config.check_loadable(saved.config, str(path), keras_2=saved.keras_2)
    return KerasModel(saved, folder)


class KerasModel:
    """See `UserModel`."""

    def __init__(self, saved: SavedConfig, folder: Path) -> None:
        self.where = str(saved.file)
        config = keras_config.for_keras_3(saved.config) if saved.keras_2 else saved.config
        config = keras_config.with_traceable_names(config)
        self._own = _built(saved, config, folder)
        self._exported = self._own
        self.number_format = keras_config.reduced(config) or "float32"
        if self.number_format != "float32":
            self._exported = _built(saved, keras_config.in_float32(config), folder)
        _unroll(self._exported)
        self.inputs: Sequence[Any] = self._exported.inputs
        self.traced: Sequence[str] = [f"input_{n}" for n in range(len(self.inputs))]
        self.output_names: Sequence[str] = _output_names(self._exported)
        self._run = tf.function(lambda batches: _called(self._own, batches))

    def outputs(self, sample: Sample) -> Outputs:
        """See `UserModel`."""
        return _arrays(self._run(_batches(sample)))

    @property
    def layers(self) -> list[Any]:
        """Every layer, those inside others too."""
        return list(self._exported._flatten_layers())

    def export(self, folder: Path) -> None:
        """See `UserModel`."""
        specs = [
            tf.TensorSpec((1, *tensor.shape[1:]), tensor.dtype, name=name)
            for tensor, name in zip(self.inputs, self.traced, strict=True)
        ]
        archive = keras.export.ExportArchive()
        archive.track(self._exported)
        archive.add_endpoint("serve", lambda *batches: _called(self._exported, batches), specs)
        archive.write_out(str(folder), verbose=False)

    def record(self, sample: Sample, *, exported: bool) -> Record:
        """See `UserModel`."""
        model = self._exported if exported else self._own
        with _recorded() as record:
            _called(model, _batches(sample))
        return record


def _built(saved: SavedConfig, config: Any, folder: Path) -> Any:
    """The Keras model of a configuration, with the file's weights."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = saved_config.with_config(saved, config, folder)
            model = keras.saving.load_model(file, compile=False, safe_mode=True)
    except ForgeError:
        raise
    except Exception as error:  # Keras raises whatever the damage leads to
        reason = " ".join(str(error).split()).split(". ")[0][:300]
        raise ModelError(
            f"{saved.file}: not a Keras model that can be loaded ({type(error).__name__}: "
            f"{reason}). Save it again with model.save('model.keras')."
        ) from error
    if not model.built or not getattr(model, "inputs", None):
        raise ModelError(
            f"{saved.file}: the model '{model.name}' was never built: it has no input shape and "
            "no weights. Put keras.Input(shape) before its first layer, train it, and save it."
        )
    return model


def _unroll(model: Any) -> None:
    """Compute recurrent layers step by step, not in a loop, where they have few enough steps."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.RNN):
            steps = steps_of(layer)
            layer.unroll = layer.unroll or (steps is not None and steps <= MOST_UNROLLED_STEPS)


def steps_of(layer: Any) -> int | None:
    """How many steps a recurrent layer runs over; None where that is open."""
    shapes = (getattr(layer, "_build_shapes_dict", None) or {}).values()
    shape = next((s for s in shapes if isinstance(s, (list, tuple)) and len(s) > 1), (None, None))
    return shape[1] if isinstance(shape[1], int) else None


def _called(model: Any, batches: Sequence[Any]) -> list[Any]:
    """The outputs of a model called with an array for each input, as its inputs are nested."""
    # A Sequential that was loaded has no `input` before it is called.
    structure = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    nested = keras.tree.pack_sequence_as(structure, list(batches))
    return list(keras.tree.flatten(model(nested, training=False)))


def _batches(sample: Sample) -> list[Any]:
    return [values[np.newaxis] for values in sample]


def _output_names(model: Any) -> list[str]:
    """The keys of outputs in a dict, else the layers that the outputs come from; in order."""
    layers = [tensor._keras_history.operation.name for tensor in model.outputs]
    structure = getattr(model, "_outputs_struct", model.outputs)
    keys = [path[-1] if path else None for path, _ in keras.tree.flatten_with_path(structure)]
    if len(keys) != len(layers):
        return layers
    return [k if isinstance(k, str) else layer for k, layer in zip(keys, layers, strict=True)]


def _arrays(tensors: Any) -> Outputs:
    flat = [tf.convert_to_tensor(t) for t in tf.nest.flatten(tensors) if t is not None]
    return [np.asarray(tf.cast(t, tf.float64))[0] for t in flat if t.shape.rank]


@contextmanager
def _recorded() -> Iterator[Record]:
    """Keep what every layer and op that is called gives, inner ones before those that hold them."""
    record: Record = []
    call = keras.Operation.__call__

    def kept(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = call(self, *args, **kwargs)
        record.append((self.name, _arrays(result)))
        return result

    keras.Operation.__call__ = kept
    try:
        yield record
    finally:
        keras.Operation.__call__ = call
