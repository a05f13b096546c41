"""Variables: a network reads one, and assigns it what it has computed by its end."""

from __future__ import annotations

from elementwise import requantise
from network import Network, Node
from single_op import Spec
from sketch import Sketch, options_of


def read_variable(sketch: Sketch) -> bool:
    """A new variable, quantised as some activation is; its first values are zeros or random."""
    source = sketch.pick()
    if source is None:
        return False
    goal, name = sketch.alike(source, sketch.spec(source).shape), f"v{len(sketch.network.nodes)}"
    if sketch.draw.chance(0.5):
        low, high = sketch.limits
        first = sketch.draw.rng.integers(low, high + 1, goal.shape).astype(goal.dtype)
        _begin_with(
            sketch, name, Spec(goal.shape, goal.dtype, goal.scale, goal.zero_point, 0, first)
        )
    handle = _handle(sketch.network, name)
    sketch.variables[handle] = sketch.op("READ_VARIABLE", [handle], goal, sketch.values[source])
    return True


def _handle(network: Network, name: str) -> int:
    network.tensors.append(Spec((), "resource", None))
    handle = len(network.tensors) - 1
    options = options_of("VAR_HANDLE", container="", sharedName=name)
    network.nodes.append(Node("VAR_HANDLE", (), (handle,), options))
    return handle


def _begin_with(sketch: Sketch, name: str, first: Spec) -> None:
    """Let CALL_ONCE, the first of the ops, assign the variable's first values."""
    network = sketch.network
    if network.once is None:
        network.once = Network()
        options = options_of("CALL_ONCE", initSubgraphIndex=1)
        network.nodes.insert(0, Node("CALL_ONCE", (), (), options))
    handle = _handle(network.once, name)
    network.once.tensors.append(first)
    value = len(network.once.tensors) - 1
    network.once.nodes.append(_assignment(handle, value))


def _assignment(handle: int, value: int) -> Node:
    return Node("ASSIGN_VARIABLE", (handle, value), (), options_of("ASSIGN_VARIABLE"))


def assign_variables(sketch: Sketch) -> None:
    """Every variable becomes something of its shape; now and then it is read once more."""
    for handle, old in sketch.variables.items():
        spec = sketch.spec(old)
        fitting = [
            i
            for i in sketch.values
            if sketch.spec(i).shape == spec.shape and sketch.spec(i).dtype == spec.dtype
        ]
        value = requantise(sketch, sketch.draw.choice(fitting[-4:]), spec)
        sketch.network.nodes.append(_assignment(handle, value))
        if sketch.draw.chance(0.2):
            sketch.op("READ_VARIABLE", [handle], spec, sketch.values[old])
