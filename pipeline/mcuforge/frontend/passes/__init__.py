"""Legalisation: small functions `Graph -> Graph`, in one explicit order.

Knows nothing of kernels. A pass never changes what the graph computes, byte for byte. `legalise`
verifies the graph after each, so that a pass that breaks it is named.
"""

from __future__ import annotations

from collections.abc import Callable

from mcuforge.errors import ModelError, UnsupportedError
from mcuforge.frontend.graph import Graph
from mcuforge.frontend.passes.drop_dead_ops import drop_dead_ops
from mcuforge.frontend.passes.fold_activations import fold_activations
from mcuforge.frontend.passes.fold_constant_moves import fold_constant_moves
from mcuforge.frontend.passes.fold_constant_views import fold_constant_views
from mcuforge.frontend.passes.fold_paddings import fold_paddings
from mcuforge.frontend.passes.fold_shape_arithmetic import fold_shape_arithmetic
from mcuforge.frontend.passes.fuse_float_islands import fuse_float_islands
from mcuforge.frontend.passes.resolve_variables import resolve_variables
from mcuforge.frontend.passes.skip_identities import skip_identities
from mcuforge.frontend.passes.widen_int4_weights import widen_int4_weights
from mcuforge.frontend.verify import verify

Pass = Callable[[Graph], Graph]

PASSES: tuple[Pass, ...] = (
    resolve_variables,  # before any other: they know no handles and no subgraphs
    fold_shape_arithmetic,  # what the shapes of the file tell
    widen_int4_weights,
    fold_constant_views,  # this and the next turn ops into constants that later ops may require
    fold_constant_moves,
    skip_identities,
    fuse_float_islands,
    fold_paddings,
    fold_activations,
    drop_dead_ops,  # last: it sweeps up what the others left without a reader
)


def legalise(graph: Graph) -> Graph:
    """Run every pass in order. Raises `ModelError` where one leaves an unsound graph."""
    for step in PASSES:
        try:
            graph = verify(step(graph))
        except UnsupportedError:
            raise
        except ModelError as error:
            raise ModelError(f"after {step.__name__}: {error.message}") from error
    return graph
