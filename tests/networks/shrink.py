"""Makes a failing network smaller for as long as it fails: an op fewer each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from network import Network

Fails = Callable[[Network], bool]


def shrunk(network: Network, fails: Fails) -> Network:
    """A network from which no op and no output can be taken without `fails` becoming false."""
    network = _shortest_beginning(network, fails)
    smaller = True
    while smaller:
        smaller = False
        for number in reversed(range(len(network.nodes))):
            found = without(network, number)
            if found.nodes and fails(found):
                network, smaller = found, True
        for output in network.outputs[::-1]:
            rest = [i for i in network.outputs if i != output]
            found = swept(replace(network, outputs=rest)) if rest else network
            if found.nodes and found is not network and fails(found):
                network, smaller = found, True
    compact = renumbered(network)
    return compact if fails(compact) else network


def _shortest_beginning(network: Network, fails: Fails) -> Network:
    """The fewest of the first ops that fail, by halving; the network where that misleads."""
    low, high = 1, len(network.nodes)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fails(beginning(network, middle)) else (middle + 1, high)
    found = beginning(network, low)
    return found if fails(found) else network


def beginning(network: Network, count: int) -> Network:
    """The first ops; all that nothing reads then are outputs."""
    nodes = network.nodes[:count]
    read = {i for node in nodes for i in node.inputs}
    written = [i for node in nodes for i in node.outputs]
    outputs = [i for i in written if i not in read or i in network.outputs]
    return replace(network, nodes=nodes, outputs=outputs, inputs=_read(network.inputs, read))


def alone(network: Network, number: int) -> Network:
    """One op as a network of its own."""
    node = network.nodes[number]
    specs = {i: network.tensors[i] for i in node.inputs if i >= 0}
    inputs = [i for i, spec in specs.items() if spec.data is None and not spec.variable]
    return renumbered(Network(network.tensors, [node], inputs, list(node.outputs)))


def without(network: Network, number: int) -> Network:
    """The network without an op: what it wrote is an input where something reads it.

    A variable goes with all that reads and assigns it: no input could stand for it.
    """
    first = network.nodes[number]
    handles = first.outputs if first.kind == "VAR_HANDLE" else ()
    gone = [first, *(node for handle in handles for node in network.readers(handle))]
    nodes = [node for node in network.nodes if node not in gone]
    lost = [i for node in gone for i in node.outputs]
    read = {i for node in nodes for i in node.inputs}
    outputs = [i for i in network.outputs if i not in lost]
    written = [i for node in nodes for i in node.outputs]
    outputs += [i for i in written if i not in read and i not in outputs]
    inputs = [*network.inputs, *(i for i in lost if i in read)]
    return replace(network, nodes=nodes, outputs=outputs, inputs=_read(inputs, read))


def swept(network: Network) -> Network:
    """The network without the ops whose outputs nobody wants."""
    nodes, wanted = [], set(network.outputs)
    for node in reversed(network.nodes):
        if not node.outputs or wanted.intersection(node.outputs):
            nodes.insert(0, node)
            wanted.update(node.inputs)
    return replace(network, nodes=nodes, inputs=_read(network.inputs, wanted))


def renumbered(network: Network) -> Network:
    """The network without the tensors that nothing names."""
    named = {i for node in network.nodes for i in (*node.inputs, *node.outputs) if i >= 0}
    kept = sorted(named.union(network.inputs, network.outputs))
    numbers = {-1: -1} | {old: new for new, old in enumerate(kept)}

    def renamed(tensors: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(numbers[i] for i in tensors)

    return Network(
        [network.tensors[i] for i in kept],
        [replace(n, inputs=renamed(n.inputs), outputs=renamed(n.outputs)) for n in network.nodes],
        list(renamed(tuple(network.inputs))),
        list(renamed(tuple(network.outputs))),
        network.once,
    )


def _read(tensors: list[int], read: set[int]) -> list[int]:
    return [i for i in tensors if i in read]
