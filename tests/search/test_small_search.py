"""A small search that goes the whole way: TensorFlow, converter, compilers, QEMU and the proof."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import msgspec
import pytest
import searches

from mcuforge.documents.run import RunDocument
from mcuforge.oracle import child as oracle_workers
from mcuforge.search import coordinator, picked, result
from mcuforge.search.figures import Budgets
from mcuforge.search.ledger import Ledger
from mcuforge.search.record import COMPLETE, CUT, PRUNED, Record

pytestmark = [pytest.mark.sim, pytest.mark.tensorflow]
TRIALS = 12
MOST = 12_000  # cycles: the widest network takes more than twice as many


@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="needs mcuforge[train]")
def test_twelve_trials_are_trained_built_and_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wide network breaks the budget before it trains, and who learns too slowly is given up.

    All others are measured in QEMU, byte-exact.
    """
    searches.on_one_thread(monkeypatch)
    asked = searches.small_task(searches.tiny(tmp_path), Budgets(max_cycles=MOST), size=2, seed=2)
    ledger = Ledger.begin(str(tmp_path / "journal.log"), "tiny", asked.settings())
    workers = searches.Inline(ledger, asked, tmp_path, at_once=2)
    draw = coordinator.generations(asked)
    with oracle_workers.kept(eager=False):
        coordinator.run(ledger, draw, TRIALS, 60.0, workers, lambda _done, _total: None)
    found = result.of(ledger)
    assert found.done == TRIALS
    assert found.counts[COMPLETE] >= 6 and found.counts[CUT] and found.counts[PRUNED]
    assert not found.counts["failed"]
    for each in found.records:
        was_cut = each.params["width"] == 48
        assert (each.state == CUT) is was_cut
        if each.state == COMPLETE:
            _is_whole(each, tmp_path)
    best = found.record(found.front[0])
    assert best.outcome is not None and best.outcome.quality is not None
    assert best.outcome.quality > 0.8
    again = picked.write(found, asked, best.number, tmp_path, tmp_path / "best", lambda *_: None)
    assert not again, "the very files of its trial"
    for place in (tmp_path / "trials").glob("*/run"):
        assert {entry.name for entry in place.iterdir()} == {"report", "report.json"}


def _is_whole(each: Record, folder: Path) -> None:
    """A trial's costs are those of firmware that ran, and its report says that it is exact."""
    outcome = each.outcome
    assert outcome is not None
    place = folder / "trials" / f"{each.number:04}" / "run" / "report.json"
    (report,) = msgspec.json.decode(place.read_bytes(), type=RunDocument, strict=False).reports
    assert report.verdict.exact and report.board == "mps2-an386"
    assert report.sha256 == outcome.facts["sha256"]
    assert outcome.costs["instructions"] == report.costs.instructions
    assert outcome.costs["instructions"] < outcome.costs["cycles"] <= MOST
    assert outcome.costs["arena"] == outcome.forecast["arena"], "the plan of the untrained model"
    assert outcome.costs["cycles"] == pytest.approx(outcome.forecast["cycles"], rel=0.5)
    assert outcome.metrics["accuracy"] == outcome.quality
    assert outcome.float_metrics["accuracy"] == pytest.approx(outcome.quality, abs=0.15)
