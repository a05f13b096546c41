"""What a model's inputs and outputs are called: in files of samples, in reports, in generated C.

The file's signature names them as the Keras model does. Where it has none, the layers that the
tensors came from do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcuforge.frontend.graph import Graph
from mcuforge.frontend.layer_names import layer_name


def input_names(graph: Graph) -> tuple[str, ...]:
    """A name for each input, in order; no two are alike, none is empty."""
    return _names(graph, graph.inputs, graph.signature.inputs, "input")


def output_names(graph: Graph) -> tuple[str, ...]:
    """A name for each output, in order; no two are alike, none is empty."""
    return _names(graph, graph.outputs, graph.signature.outputs, "output")


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """The names; one that was there before gets `_1`, `_2`, ... at its end."""
    found: dict[str, None] = {}
    numbers: dict[str, int] = {}
    for name in names:
        chosen = name
        while chosen in found:
            numbers[name] = numbers.get(name, 0) + 1
            chosen = f"{name}_{numbers[name]}"
        found[chosen] = None
    return tuple(found)


def _names(
    graph: Graph, tensors: Sequence[int], signature: Iterable[tuple[str, int]], kind: str
) -> tuple[str, ...]:
    left: dict[int, list[str]] = {}
    for name, tensor in signature:
        left.setdefault(tensor, []).append(name)
    for names in left.values():
        names.reverse()  # a tensor that is listed twice takes its names in order
    return unique(
        (left.get(index) and left[index].pop()) or layer_name(graph.tensor(index).name) or kind
        for index in tensors
    )
