"""Bytes that nobody is going to read are overwritten while a model runs: what that finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import generator
import plan_check
import poison
import pytest
import running

from mcuforge.planning.plan import Plan

SEEDS = range(60)


def shorter(plan: Plan) -> Plan:
    """Each ring with room for more than one row has room for one row less."""
    segments = []
    for segment in plan.segments:
        assert segment.stream is not None
        rings = {tensor: max(rows - 1, 1) for tensor, rows in segment.stream.rings.items()}
        segments.append(replace(segment, stream=replace(segment.stream, rings=rings)))
    return replace(plan, segments=tuple(segments))


def overlapping(plan: Plan) -> Plan:
    """What the last op writes begins where another tensor lies that the model gives out."""
    kept, last = plan.graph.outputs[0], plan.graph.outputs[-1]
    return replace(plan, offsets=plan.offsets | {last: plan.offsets[kept]})


@pytest.fixture
def trial(tmp_path: Path, request: pytest.FixtureRequest) -> running.Trial:
    """A network with a ring of several rows, and several outputs."""
    request.getfixturevalue("rows_everywhere")
    drawn = (
        running.trial("sound", generator.pictures(seed).tflite(), tmp_path, budget=0)
        for seed in SEEDS
    )
    return next(t for t in drawn if len(t.plan.graph.outputs) > 1 and _rows_kept(t.plan) > 1)


def _rows_kept(plan: Plan) -> int:
    """The most rows of a ring."""
    rings = [segment.stream.rings for segment in plan.segments if segment.stream is not None]
    return max((rows for ring in rings for rows in ring.values()), default=0)


def test_what_is_still_to_be_read_is_left_alone(trial: running.Trial) -> None:
    found = poison.events(trial.plan)
    results = [result for result, _, _ in found]
    assert set(results) == set(range(len(trial.plan.graph.results())))
    assert len(results) > len(set(results))  # rows of some
    for _, _, intervals in found:
        for begin, count in intervals:
            assert 0 <= begin < begin + count <= trial.plan.arena.bytes
    last = {b for begin, count in found[-1][2] for b in range(begin, begin + count)}
    for output in trial.plan.graph.outputs:
        begin = trial.plan.offsets[output]
        assert last.isdisjoint(range(begin, begin + trial.plan.graph.tensor(output).bytes))


def test_a_row_too_few_and_a_wrong_overlap_are_found(
    trial: running.Trial, tmp_path: Path, kernels: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = trial.plan
    trials = [
        trial,
        replace(trial, name="short", plan=shorter(plan)),
        replace(trial, name="overlapping", plan=overlapping(plan)),
    ]
    portable = {"portable": kernels["portable"]}
    assert running.problems(trials, tmp_path / "a", portable).keys() == {"short", "overlapping"}
    for wrong in trials[1:]:
        with pytest.raises(AssertionError):
            plan_check.check(wrong.plan)

    def nothing(plan: Plan) -> Iterator[int]:
        for result, offset, _ in poison.events(plan):
            yield from (result, offset, 0)
        yield from (0, 0, 0)

    monkeypatch.setattr(running, "_poison", nothing)
    assert "short" not in running.problems(trials, tmp_path / "b", portable)
