"""What a Keras model's file says about its model's inputs. Needs no Keras.

Samples are matched with inputs before TensorFlow is started, by name and by shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcuforge.errors import ForgeError
from mcuforge.model_files import saved_config
from mcuforge.model_files.kind import Kind, recognise

Shape = tuple[int | None, ...]
Structure = Any  # a name, or lists and dicts of names: what the model is called with


@dataclass(frozen=True)
class DeclaredInput:
    """An input's name, and the shape of one sample; None for an extent that is left open."""

    name: str
    shape: Shape


@dataclass(frozen=True)
class DeclaredInputs:
    """The inputs in Keras's order: as in a list, and of a dict by the order of its keys."""

    inputs: tuple[DeclaredInput, ...]
    structure: Structure

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, in order."""
        return tuple(declared.name for declared in self.inputs)


def declared_inputs(path: Path) -> DeclaredInputs | None:
    """The inputs of a Functional or Sequential model in a `.keras` or HDF5 file.

    None where the file does not tell: of a SavedModel, and of a damaged one, which is told of when
    it is loaded.
    """
    try:
        if recognise(path) not in (Kind.KERAS, Kind.HDF5):
            return None
        content = saved_config.read(path).config["config"]
        layers = {layer["config"]["name"]: layer["config"] for layer in content["layers"]}
        structure = _structure(content)
        inputs = (DeclaredInput(n, _shape(layers[n])) for n in leaves(structure))
        return DeclaredInputs(tuple(inputs), structure)
    except (ForgeError, ValueError, LookupError, TypeError, AttributeError):
        return None


def input_names(path: Path) -> tuple[str, ...]:
    """The names of the inputs, in order; none where the file does not tell them."""
    declared = declared_inputs(path)
    return declared.names if declared else ()


def leaves(structure: Structure) -> Iterator[str]:
    """The names in a structure, as Keras flattens it."""
    if isinstance(structure, str):
        yield structure
        return
    values = map(structure.get, sorted(structure)) if isinstance(structure, dict) else structure
    for value in values:
        yield from leaves(value)


def _structure(content: Mapping[str, Any]) -> Structure:
    if "input_layers" in content:
        return _names(content["input_layers"])
    first = content["layers"][0]  # of a Sequential model
    if first["class_name"] != "InputLayer":
        raise ValueError("built without an input layer")
    return first["config"]["name"]


def _names(stored: Any) -> Structure:
    """A stored structure, whose leaves are [layer's name, node, output], as one of names."""
    if isinstance(stored, dict):
        return {key: _names(value) for key, value in stored.items()}
    if len(stored) == 3 and isinstance(stored[0], str) and isinstance(stored[1], int):
        return stored[0]
    return [_names(value) for value in stored]


def _shape(layer: Mapping[str, Any]) -> Shape:
    key = "batch_shape" if "batch_shape" in layer else "batch_input_shape"  # Keras 2's
    return tuple(layer[key][1:])
