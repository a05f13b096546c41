"""The outputs of a `.tflite` in the order in which the Keras model gives them.

The TensorFlow Lite converter orders a graph's outputs by itself; only the signature, which names
them, tells which is which.
"""

from __future__ import annotations

import re
from typing import Any

from mcuforge.convert import flatbuffer

_NUMBERED = re.compile(r"output_(\d+)")  # what Keras calls the outputs of a list


def restore_output_order(model: bytes) -> bytes:
    """The model with the first graph's outputs in Keras's order; the same bytes where they are.

    Outputs of a list come as in the list, those of a dict by name, as TensorFlow flattens them.
    A model whose signature does not name each output once is left as it is.
    """
    unpacked = flatbuffer.unpack(model)
    graph = unpacked.subgraphs[0]
    present = [int(index) for index in graph.outputs]
    ordered = _by_signature(unpacked)
    if ordered == present or sorted(ordered) != sorted(present):
        return model
    graph.outputs = ordered
    return flatbuffer.pack(unpacked)


def _by_signature(model: Any) -> list[int]:
    """The tensors of the first graph's only signature, in Keras's order."""
    signatures = [s for s in model.signatureDefs or [] if s.subgraphIndex == 0]
    if len(signatures) != 1:
        return []
    named = {_text(entry.name): int(entry.tensorIndex) for entry in signatures[0].outputs or []}
    return [named[name] for name in sorted(named, key=position)]


def _text(name: bytes | None) -> str:
    return (name or b"").decode("utf-8", errors="replace")


def position(name: str) -> tuple[int, str]:
    """What sorts the names of a signature's outputs into Keras's order."""
    match = _NUMBERED.fullmatch(name)
    return (int(match.group(1)), "") if match else (-1, name)
