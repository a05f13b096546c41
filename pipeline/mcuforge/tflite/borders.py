"""The inputs and outputs of a `.tflite` in the Keras model's order and by its names.

The TensorFlow Lite converter orders and names them by itself; only the signature, which it sorts by
name, tells which is which.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from mcuforge.errors import ModelError
from mcuforge.frontend.border_names import input_names, output_names, unique
from mcuforge.frontend.tflite_reader import read_bytes
from mcuforge.tflite import flatbuffer

_OUTPUT = "output_{}"  # what the signature calls the outputs of a list


@dataclass(frozen=True)
class Borders:
    """Names in the Keras model's order; `traced` are the inputs' as the converter was given them.

    The converter was given the outputs as a list.
    """

    inputs: tuple[str, ...]
    traced: tuple[str, ...]
    outputs: tuple[str, ...]


def restore_borders(model: bytes, borders: Borders) -> bytes:
    """The model with the first graph's inputs and outputs in that order and so named.

    Of tensors no two may be called alike: a later one of the same name gets a number, as it does in
    the signature. Raises `ModelError` where the signature does not tell all of them.
    """
    unpacked = flatbuffer.unpack(model)
    graph, signature = unpacked.subgraphs[0], _signature(unpacked)
    numbered = [_OUTPUT.format(number) for number in range(len(borders.outputs))]
    graph.inputs = _tensors(signature.inputs, borders.traced, graph.inputs)
    graph.outputs = _tensors(signature.outputs, numbered, graph.outputs)
    _name(unpacked, borders.inputs, borders.outputs)
    return flatbuffer.pack(unpacked)


def copy_borders(model: bytes, like: bytes) -> bytes:
    """The model with its inputs and outputs named as those of `like`, which has the same ones."""
    unpacked = flatbuffer.unpack(model)
    graph = read_bytes(like, "like")
    _name(unpacked, input_names(graph), output_names(graph))
    return flatbuffer.pack(unpacked)


def _signature(model: Any) -> Any:
    found = [s for s in model.signatureDefs or [] if s.subgraphIndex == 0]
    if len(found) != 1:
        raise ModelError(f"the converter wrote {len(found)} signatures, not one.")
    return found[0]


def _tensors(entries: Iterable[Any], names: Sequence[str], present: Iterable[int]) -> list[int]:
    """The tensors that the signature gives these names. They are those which are `present`."""
    named = {_text(entry.name): int(entry.tensorIndex) for entry in entries}
    if set(named) != set(names) or sorted(named.values()) != sorted(int(i) for i in present):
        raise ModelError(
            f"the converter's signature names {', '.join(sorted(named))} in place of "
            f"{', '.join(names)}: inputs or outputs cannot be told apart."
        )
    return [named[name] for name in names]


def _name(model: Any, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Name the inputs and outputs, as they are ordered, in the signature and as tensors."""
    graph, signature = model.subgraphs[0], _signature(model)
    signature.inputs = list(map(_entry, unique(inputs), graph.inputs))
    signature.outputs = list(map(_entry, unique(outputs), graph.outputs))
    wanted: dict[int, str] = {}
    for index, name in zip([*graph.inputs, *graph.outputs], [*inputs, *outputs], strict=True):
        wanted.setdefault(int(index), name)  # of a tensor that is several, the first name
    chosen = dict(zip(wanted, unique(wanted.values()), strict=True))
    others = [i for i in range(len(graph.tensors)) if i not in chosen]
    names = [*chosen.values(), *dict.fromkeys(_text(graph.tensors[i].name) for i in others)]
    renamed = dict(zip(names[len(chosen) :], unique(names)[len(chosen) :], strict=True))
    for index in others:
        chosen[index] = renamed[_text(graph.tensors[index].name)]
    for index, name in chosen.items():
        graph.tensors[index].name = name.encode()


def _entry(name: str, tensor: int) -> Any:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name.encode(), int(tensor)
    return entry


def _text(name: bytes | None) -> str:
    return (name or b"").decode("utf-8", errors="replace")
