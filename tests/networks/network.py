"""A network as a list of ops over tensors: what the generator draws, the shrinker cuts, and a
`.tflite` holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import flatbuffers
from ai_edge_litert import schema_py_generated as schema
from single_op import Spec, add_tensor


@dataclass(frozen=True, eq=False)
class Node:
    """An op: `kind` of schema.BuiltinOperator, tensors by number (-1: left out), a ...OptionsT."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Any = None
    version: int = 1


@dataclass(eq=False)
class Network:
    """A subgraph. Nodes are in the order of their execution; one of CALL_ONCE runs `once`."""

    tensors: list[Spec] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    once: Network | None = None

    @property
    def kinds(self) -> set[str]:
        """The kinds of its ops."""
        return {node.kind for node in self.nodes}

    def readers(self, tensor: int) -> list[Node]:
        """The ops that read a tensor."""
        return [node for node in self.nodes if tensor in node.inputs]

    def tflite(self) -> bytes:
        """The file's bytes."""
        graphs = [self] if self.once is None else [self, self.once]
        codes = sorted({(node.kind, node.version) for graph in graphs for node in graph.nodes})
        model = schema.ModelT()
        model.version, model.description = 3, "random network"
        model.buffers = [schema.BufferT()]
        model.operatorCodes = [_code(*each) for each in codes]
        model.subgraphs = [_subgraph(model, graph, codes) for graph in graphs]
        builder = flatbuffers.Builder(1 << 16)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def _subgraph(model: Any, network: Network, codes: list[tuple[str, int]]) -> Any:
    graph = schema.SubGraphT()
    graph.tensors, graph.inputs, graph.outputs = [], network.inputs, network.outputs
    for number, spec in enumerate(network.tensors):
        add_tensor(model, graph, spec, f"t{number}")
    graph.operators = [_operator(n, codes.index((n.kind, n.version))) for n in network.nodes]
    return graph


def _code(kind: str, version: int) -> Any:
    code = schema.OperatorCodeT()
    code.builtinCode = getattr(schema.BuiltinOperator, kind)
    code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), version
    return code


def _operator(node: Node, code: int) -> Any:
    op = schema.OperatorT()
    op.opcodeIndex, op.inputs, op.outputs = code, list(node.inputs), list(node.outputs)
    if node.options is not None:
        name = type(node.options).__name__.removesuffix("T")
        op.builtinOptionsType = getattr(schema.BuiltinOptions, name)
        op.builtinOptions = node.options
    return op
