"""Networks of pictures of one column, whose ops run whole: kernels take these for one row."""

from __future__ import annotations

from pathlib import Path

import generator
import plan_check
import pytest
import running

from mcuforge.planning.columns import has_window
from mcuforge.planning.plans import Plans

BATCH = 8  # networks in one program
BATCHES = 12  # by default one of them


def checked(seeds: range, folder: Path, kernels: dict[str, Path]) -> tuple[int, int]:
    """How many windows slide along rows and along columns, in networks that are all exact."""
    networks = {s: generator.columns(s, "int16" if s % 5 == 4 else "int8") for s in seeds}
    trials = [running.trial(f"c{s}", n.tflite(), folder, budget=0) for s, n in networks.items()]
    for trial in trials:
        plan_check.check(trial.plan)
    assert running.problems(trials, folder, kernels) == {}
    calls = [call for t in trials for op in t.plan.ops for call in op.calls if has_window(call)]
    sizes = [getattr(call.params, "sizes").output for call in calls]  # noqa: B009
    return sum(w > 1 for *_, w in sizes), sum(h > 1 for _, h, _ in sizes)


@pytest.fixture(autouse=True)
def whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans run all ops whole."""
    monkeypatch.setattr(Plans, "within", lambda plans, _budget: plans.plain)


def test_eight_networks_of_columns(tmp_path: Path, kernels: dict[str, Path]) -> None:
    rows, columns = checked(range(BATCH), tmp_path, kernels)
    assert rows > columns > 0  # those that are wider than a column


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(1, BATCHES))
def test_a_hundred_networks_of_columns(
    tmp_path: Path, kernels: dict[str, Path], batch: int
) -> None:
    checked(range(batch * BATCH, (batch + 1) * BATCH), tmp_path, kernels)
