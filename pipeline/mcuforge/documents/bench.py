"""`bench.json`, and what `bench --json` prints."""

from __future__ import annotations

from msgspec import Struct

from mcuforge.documents.run import Costs, Count

SCHEMA = "bench/1"


class BenchDocument(Struct, frozen=True):
    """One model on one board, and what it costs with each engine, by the engine's name.

    `libraries` tell which TensorFlow Lite Micro was linked, `missing` why an engine was not
    measured, and `failed` why one could not be.
    """

    mcuforge: str
    schema: str
    model: str
    sha256: str
    board: str
    simulator: str
    samples: Count
    engines: dict[str, Costs]
    libraries: dict[str, str]
    missing: str | None
    failed: str | None
    notes: tuple[str, ...]
