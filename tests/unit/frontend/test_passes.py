"""Passes change the graph but not what it computes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from graphs import Q, graph, relu_chain

from mcuforge.errors import ModelError
from mcuforge.frontend import passes
from mcuforge.frontend.graph import Graph, Quantization
from mcuforge.frontend.passes.drop_dead_ops import drop_dead_ops
from mcuforge.frontend.passes.fold_constant_views import fold_constant_views
from mcuforge.frontend.passes.skip_identities import skip_identities


def test_ops_that_reach_no_output_go() -> None:
    branched = graph(
        [(1, 4)] * 4,
        [("RELU", (0,), 1), ("RELU", (1,), 2), ("RELU", (0,), 3)],
        inputs=[0],
        outputs=[3],
    )
    assert [op.index for op in drop_dead_ops(branched).ops] == [2]


def test_a_chain_loses_nothing() -> None:
    chain = relu_chain(3)
    assert passes.legalise(chain).ops == chain.ops


def test_a_reshape_of_a_constant_becomes_a_constant() -> None:
    base = graph([(2, 3), (6,), (6,)], [("RESHAPE", (0,), 1), ("RELU", (1,), 2)], [], [2])
    values = np.arange(6, dtype=np.int8).reshape(2, 3)
    tensors = (replace(base.tensors[0], data=values), *base.tensors[1:])
    folded = fold_constant_views(replace(base, tensors=tensors))
    assert [op.kind for op in folded.ops] == ["RELU"]
    assert folded.tensors[1].data is not None
    assert folded.tensors[1].data.tolist() == [0, 1, 2, 3, 4, 5]


def quantize_between(target: Quantization, outputs: tuple[int, ...]) -> Graph:
    base = graph([(1, 4)] * 3, [("QUANTIZE", (0,), 1), ("RELU", (1,), 2)], [0], outputs)
    return replace(
        base,
        tensors=(base.tensors[0], replace(base.tensors[1], quantization=target), base.tensors[2]),
    )


def test_a_quantize_that_changes_nothing_is_skipped() -> None:
    skipped = skip_identities(quantize_between(Q, (2,)))
    assert [op.kind for op in skipped.ops] == ["RELU"]
    assert skipped.ops[0].inputs == (0,)


@pytest.mark.parametrize("target", [Quantization((0.5,), (4,)), Quantization((0.25,), (3,))])
def test_a_quantize_that_changes_something_stays(target: Quantization) -> None:
    assert len(skip_identities(quantize_between(target, (2,))).ops) == 2


def test_a_quantize_that_computes_an_output_stays() -> None:
    assert len(skip_identities(quantize_between(Q, (1, 2))).ops) == 2


def test_a_pass_that_breaks_the_graph_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def lose_everything(broken: Graph) -> Graph:
        return replace(broken, ops=())

    monkeypatch.setattr(passes, "PASSES", (lose_everything,))
    with pytest.raises(ModelError, match="after lose_everything: nothing computes"):
        passes.legalise(relu_chain(1))
