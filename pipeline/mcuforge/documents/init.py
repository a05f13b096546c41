"""What `init --json` prints."""

from __future__ import annotations

from msgspec import Struct

SCHEMA = "init/1"


class InitDocument(Struct, frozen=True):
    """The recipe that was made. `metric` is how outputs are judged, for this `reason`; `guessed` is
    false where it was asked for.

    `calibration` and `golden` count samples; `quality` holds the metric's values on the golden
    ones, computed by `engine`: "float model", or of a `.tflite` "int8 model".
    """

    mcuforge: str
    schema: str
    folder: str
    name: str
    metric: str
    guessed: bool
    reason: str
    calibration: int
    golden: int
    engine: str
    quality: dict[str, float]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
