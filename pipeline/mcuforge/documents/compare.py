"""What `compare --json` prints."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from mcuforge.documents.run import Judgement, Number

SCHEMA = "compare/1"


class Change(Struct, frozen=True):
    """A figure, or a word, of both runs. `judgement` says whether it became better or worse."""

    label: str
    unit: str
    before: Number | str
    after: Number | str
    judgement: Literal["better", "worse", "other", "same"]


class ModelChanges(Struct, frozen=True):
    """What changed of one model on one board; `ops` has a line for each op that did."""

    model: str
    board: str
    engine: str
    changes: tuple[Change, ...]
    ops: tuple[str, ...]


class CompareDocument(Struct, frozen=True):
    """What changed from the run `before` to the run `after`.

    `only_before` and `only_after` name models without a counterpart, `gates` what was found of
    growth where that is bounded.
    """

    mcuforge: str
    schema: str
    before: str
    after: str
    models: tuple[ModelChanges, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    gates: tuple[Judgement, ...]
