"""Fixtures of the random networks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sanitised

from mcuforge.planning.plans import Plans
from mcuforge.planning.row_plan import Segment
from mcuforge.planning.rows.segments import Divisions


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All kernels as a sanitised library for each variant."""
    return sanitised.libraries(tmp_path_factory.getbasetemp())


def most_rows(self: Divisions) -> Iterator[tuple[Segment, ...]]:
    """The division with the most rows, whatever it needs; of two networks in three read through."""
    through = len(self.graph.ops) % 3 > 0

    def rows(segment: Segment) -> int:
        hidden = sum(op.rows for op in segment.ops if op.is_read_through)
        return (len(segment.stream.steps) if segment.stream else 0) + 2 * through * hidden

    best: list[tuple[int, tuple[Segment, ...]]] = [(0, ())]
    for last in range(self.count):
        choices = [
            (best[s.first][0] + rows(s), (*best[s.first][1], s))
            for s, _ in self.found
            if s.last == last
        ]
        best.append(max(choices, key=lambda choice: choice[0]))
    yield best[-1][1]


@pytest.fixture
def rows_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans run all ops row by row that can, even where that takes more memory."""
    monkeypatch.setattr(Divisions, "divisions", most_rows)
    monkeypatch.setattr(Plans, "within", lambda plans, _budget: next(plans._smaller()))
