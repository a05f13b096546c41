"""Files that a vendor's compiler has turned into commands of an accelerator.

Such a compiler replaces ops by a custom op of its own. What they computed cannot be told any more.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcuforge.errors import UnsupportedError
from mcuforge.frontend.graph import Graph, Op


@dataclass(frozen=True)
class _Compiler:
    """The tool that writes a custom op, and what runs it."""

    name: str
    chip: str


_COMPILERS = {
    "CUSTOM ethos-u": _Compiler("Vela", "an Ethos-U"),
    "CUSTOM edgetpu-custom-op": _Compiler("the Edge TPU compiler", "an Edge TPU"),
    "CUSTOM NeutronGraph": _Compiler("NXP's Neutron converter", "an eIQ Neutron NPU"),
    "CUSTOM vsi-npu": _Compiler("VeriSilicon's compiler", "a VIP NPU"),
}


def is_compiled(op: Op) -> bool:
    """True for an op that holds commands of an accelerator."""
    return op.kind in _COMPILERS


def refuse(graph: Graph) -> None:
    """Raise `UnsupportedError` for a file that is compiled for an accelerator."""
    for op in graph.ops:
        compiler = _COMPILERS.get(op.kind)
        if compiler is not None:
            raise UnsupportedError(
                f"the model is compiled for {compiler.chip}: {op.title} holds its "
                f"commands, which nothing else runs. Give the .tflite that {compiler.name} was "
                "given."
            )
