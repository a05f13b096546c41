"""What pages say about operators row by row."""

from __future__ import annotations

from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.rows import kinds


def test_every_operator_goes_row_by_row_or_has_a_reason() -> None:
    by_rows = frozenset().union(*kinds.by_rows().values())
    assert by_rows | kinds.WHOLE.keys() == OPERATORS.keys()
    assert not by_rows & kinds.WHOLE.keys()
