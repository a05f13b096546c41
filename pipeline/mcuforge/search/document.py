"""A search as a JSON document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mcuforge import documents
from mcuforge.documents.tune import SCHEMA
from mcuforge.files import json_text
from mcuforge.report import site
from mcuforge.search.record import Outcome, Record
from mcuforge.search.result import Result
from mcuforge.search.trial import trial_folder

NAME = "tune.json"


def as_json(result: Result, importance: Mapping[str, Mapping[str, float]], folder: Path) -> str:
    """The document of a search whose trials on this computer left their files in `folder`.

    Nothing in it depends on when and where trials ran, but for the places of their reports.
    """
    settings = result.settings
    content: dict[str, Any] = {
        "study": result.study,
        "model": result.model,
        "board": result.board,
        "metric": result.metric,
        "seed": settings["seed"],
        "epochs": settings["epochs"],
        "objectives": [asdict(each) for each in result.objectives],
        "budgets": result.budgets.as_dict(),
        "asked": result.asked,
        "counts": result.counts,
        "importance": importance,
        "front": result.front,
        "trials": [_trial(each, result, folder) for each in result.records],
    }
    return json_text.dumps(documents.document(SCHEMA, content))


def report_of(number: int, folder: Path) -> Path | None:
    """The page of a trial, where it was made on this computer."""
    page = site.index(trial_folder(folder, number) / "run")
    return page if page.is_file() else None


def _trial(each: Record, result: Result, folder: Path) -> dict[str, Any]:
    outcome = each.outcome or Outcome(each.state)
    page = report_of(each.number, folder)
    return {
        "number": each.number,
        "end": each.state,
        "on_front": each.number in result.front,
        "params": each.params,
        "quality": outcome.quality,
        "costs": outcome.costs,
        "forecast": outcome.forecast,
        "metrics": outcome.metrics,
        "float_metrics": outcome.float_metrics,
        "figures": outcome.figures,
        "curve": outcome.curve,
        "reason": outcome.reason,
        "sha256": outcome.facts.get("sha256"),
        "report": page.relative_to(folder).as_posix() if page else None,
    }
