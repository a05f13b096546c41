"""Variables: tensors in place of handles, with their first values.

A file names a resource variable (VAR_HANDLE), reads and assigns it by that name, and calls a
subgraph once that gives it its first value (CALL_ONCE). Afterwards there are only variable tensors:
READ_VARIABLE reads one, ASSIGN_VARIABLE writes one, and no tensor is a handle any more.

The state tensors of SVDF and of LSTMs, which a file marks as variable, become variables as well,
and so do the outputs of CIRCULAR_BUFFERs.

First values are TFLM's: a resource variable begins with the zero point of the tensor that is
assigned to it first, in the order of the file, whatever the type (micro_resource_variable.cc); a
state tensor begins with its zero point where it is int8, else with zeros (micro_interpreter_graph).
The subgraph of CALL_ONCE then assigns constants.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import ModelError, UnsupportedError
from mcuforge.frontend.graph import (
    CallOnceAttributes,
    DType,
    Graph,
    Op,
    Tensor,
    VarHandleAttributes,
    Variable,
)

_VANISH = ("VAR_HANDLE", "CALL_ONCE")
_ACCESSES = {"READ_VARIABLE": (1, 1), "ASSIGN_VARIABLE": (2, 0)}  # inputs and outputs of each

Name = tuple[str, str]  # container and shared name


def resolve_variables(graph: Graph) -> Graph:
    """Raises `UnsupportedError` where what a variable holds cannot be known before the run."""
    tensors = list(graph.tensors)
    resources = _Resources(graph)
    variables = [Variable(t.index, _first_state(t)) for t in _states(graph) if t.dtype.bytes > 0]
    numbers: dict[Name, int] = {}
    for name, value in resources.values.items():
        numbers[name] = len(tensors)
        tensors.append(_variable_tensor(len(tensors), value))
        variables.append(Variable(numbers[name], resources.first(name)))
    ops = tuple(
        _on_tensor(op, numbers[resources.handles[op.inputs[0]]]) if op.kind in _ACCESSES else op
        for op in graph.ops
        if op.kind not in _VANISH
    )
    return replace(graph, tensors=tuple(tensors), ops=ops, subgraphs=(), variables=tuple(variables))


def _states(graph: Graph) -> Iterable[Tensor]:
    """The variable tensors that ops read or write, each once."""
    used = dict.fromkeys(i for op in graph.ops for i in (*op.inputs, *op.outputs) if i >= 0)
    return (graph.tensor(i) for i in used if graph.tensor(i).is_variable)


def _first_state(tensor: Tensor) -> npt.NDArray[Any]:
    fill = _zero_point(tensor) if tensor.dtype is DType.INT8 else 0
    value = np.array(fill, tensor.dtype.numpy)
    return np.broadcast_to(value, tensor.shape)  # takes no memory, whatever the shape


def _zero_point(tensor: Tensor) -> int:
    known = tensor.quantization.zero_points if tensor.quantization else ()
    return known[0] if known else 0


def _variable_tensor(index: int, value: Tensor) -> Tensor:
    """It is what is assigned to it, which has a name that may be shown."""
    return replace(value, index=index, data=None, is_variable=True, open_axes=())


def _on_tensor(op: Op, variable: int) -> Op:
    if op.kind == "READ_VARIABLE":
        return replace(op, inputs=(variable,))
    return replace(op, inputs=op.inputs[1:], outputs=(variable,))


@dataclass(frozen=True, eq=False)
class _Access:
    """A READ_VARIABLE or an ASSIGN_VARIABLE, and the tensor that is read or assigned."""

    graph: Graph
    op: Op
    name: Name

    @property
    def assigns(self) -> bool:
        return self.op.kind == "ASSIGN_VARIABLE"

    @property
    def value(self) -> Tensor:
        return self.graph.tensor(self.op.inputs[1] if self.assigns else self.op.outputs[0])


class _Resources:
    """The resource variables of a file."""

    def __init__(self, graph: Graph) -> None:
        self.handles = _handles(graph)
        accesses = list(_accesses(graph, self.handles))
        initial = list(_initial_accesses(graph))
        self._initial = {a.name: a for a in initial}
        self.values: dict[Name, Tensor] = {}
        for access in [a for a in (*accesses, *initial) if a.assigns]:
            self.values.setdefault(access.name, access.value)
        for access in (*accesses, *initial):
            self._check(access)

    def first(self, name: Name) -> npt.NDArray[Any]:
        """What the variable holds when the first inference begins."""
        assigned = self.values[name]
        initial = self._initial.get(name)
        if initial is not None and initial.value.data is not None:
            return initial.value.data.reshape(assigned.shape)
        fill = bytes([_zero_point(assigned) & 0xFF])
        value = np.frombuffer(fill * assigned.dtype.bytes, assigned.dtype.numpy)
        return np.broadcast_to(value.reshape(()), assigned.shape)

    def _check(self, access: _Access) -> None:
        what = access.graph.describe(access.op)
        if access.name not in self.values:
            raise UnsupportedError(f"{what} reads a variable to which nothing is ever assigned.")
        known, value = self.values[access.name], access.value
        if value.dtype.bytes == 0 or (known.dtype, known.bytes) != (value.dtype, value.bytes):
            raise UnsupportedError(
                f"{what} has a value of {value.dtype.value}{list(value.shape)}, and the variable "
                f"holds {known.dtype.value}{list(known.shape)}; both must be alike."
            )


def _handles(graph: Graph) -> dict[int, Name]:
    """The variable that each handle stands for."""
    found: dict[int, Name] = {}
    containers: dict[str, str] = {}
    for op in graph.ops:
        if isinstance(op.attributes, VarHandleAttributes) and op.outputs:
            name = (op.attributes.container, op.attributes.shared_name)
            if containers.setdefault(name[1], name[0]) != name[0]:
                # TFLM counts the two as one.
                raise UnsupportedError(f"{graph.describe(op)}: two variables share a name.")
            found[op.outputs[0]] = name
    return found


def _accesses(graph: Graph, handles: dict[int, Name]) -> Iterator[_Access]:
    for op in graph.ops:
        if op.kind not in _ACCESSES:
            continue
        if (len(op.inputs), len(op.outputs)) != _ACCESSES[op.kind] or min(op.inputs) < 0:
            raise UnsupportedError(f"{op.title} has other inputs or outputs.")
        if op.inputs[0] not in handles:
            raise UnsupportedError(
                f"{op.title}: its variable is not named by a VAR_HANDLE of the "
                "same subgraph, and cannot be known."
            )
        yield _Access(graph, op, handles[op.inputs[0]])


def _initial_accesses(graph: Graph) -> Iterator[_Access]:
    """What the subgraphs of CALL_ONCE assign, in order; checked to be constants."""
    touched = False
    called: set[int] = set()
    for op in graph.ops:
        touched = touched or op.kind in _ACCESSES
        if not isinstance(op.attributes, CallOnceAttributes):
            continue
        if touched:
            raise UnsupportedError(
                f"{op.title} comes after an op that uses a variable; the first "
                "values of variables must be known before."
            )
        number = op.attributes.init_subgraph
        if not 0 < number <= len(graph.subgraphs):
            raise ModelError(f"{op.title} calls subgraph {number}, which is none.")
        if number not in called:
            called.add(number)
            yield from _assigned_once(graph.subgraphs[number - 1])


def _assigned_once(init: Graph) -> Iterator[_Access]:
    _check_indices(init)
    for op in init.ops:
        if op.kind not in ("VAR_HANDLE", "ASSIGN_VARIABLE"):
            raise UnsupportedError(
                f"{op.title} computes the first value of a variable; only constants "
                "can be first values. Initialise the variable with a constant."
            )
    for access in _accesses(init, _handles(init)):
        if access.value.data is None:
            raise UnsupportedError(
                f"the first value of the variable that '{access.value.name}' is assigned to is no "
                "constant."
            )
        yield access


def _check_indices(init: Graph) -> None:
    """What `verify` does for the graph that is run: this one has neither inputs nor outputs."""
    count = len(init.tensors)
    for op in init.ops:
        if not all(-1 <= i < count for i in op.inputs) or not all(
            0 <= i < count for i in op.outputs
        ):
            raise ModelError(f"{op.title} names a tensor that does not exist.")
