"""What the run is compared with: the same network in float32, and TensorFlow Lite Micro."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from mcuforge.files import untrusted
from mcuforge.frontend.graph import Graph
from mcuforge.planning import arena_blocks
from mcuforge.planning.plan import Plan

BENCHMARK = "bench.json"  # what `mcuforge bench` writes to an output folder
_MOST_BYTES = 1 << 20
_FLOAT_BYTES = 4


@dataclass(frozen=True)
class Float32:
    """Bytes that the network would take in float32.

    `constants`: four bytes for each weight and bias, and nothing else. `arena`: the most that lives
    together, with four bytes a value, and no scratch. Code is not counted.
    """

    constants: int
    arena: int


def float32(plan: Plan) -> Float32:
    """The sizes of the plan's network in float32."""
    graph = plan.graph
    blocks, loops = arena_blocks.blocks(plan), arena_blocks.loops(plan)
    return Float32(_constants(graph), arena_blocks.float_arena(blocks, loops))


def _constants(graph: Graph) -> int:
    """Constants that stand for real numbers: shapes and axes have no quantisation."""
    read = {i for op in graph.ops for i in op.inputs if i >= 0}
    found = (t for t in graph.tensors if t.index in read and t.is_constant)
    return sum(_FLOAT_BYTES * t.elements for t in found if t.quantization is not None)


@dataclass(frozen=True)
class Costs:
    """What `mcuforge bench` found of an engine, as far as it is compared."""

    text: int
    constants: int
    arena: int
    arena_used: int
    ram: int
    instructions: int | None = None
    data: int = 0

    @property
    def flash(self) -> int:
        """Bytes of flash."""
        return self.text + self.constants + self.data


@dataclass(frozen=True)
class _Benchmark:
    mcuforge: str
    sha256: str
    board: str
    engines: dict[str, Costs]


def benchmarked(output: Path | None, sha256: str, board: str, engine: str) -> Costs | None:
    """What an engine took in the benchmark of an output folder.

    None where there is no benchmark, or one of another model or board, or none that can be read.
    """
    if output is None:
        return None
    try:
        data = untrusted.read(output / BENCHMARK, _MOST_BYTES)
        found = msgspec.json.decode(data, type=_Benchmark)
    except (OSError, ValueError, RecursionError, msgspec.MsgspecError):
        return None
    return found.engines.get(engine) if (found.sha256, found.board) == (sha256, board) else None
