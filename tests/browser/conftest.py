"""A browser, and the report of a real run, made once for all test processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import mcuforge
from made_once import made_once

chromium = pytest.importorskip("chromium", reason="needs playwright", exc_type=ImportError)
MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    if chromium.found() is None:
        pytest.skip("needs Chromium (Debian: apt install chromium)")
    with chromium.started() as started:
        yield started


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `report` after `run` and `profile`."""

    def make(output: Path) -> None:
        done = mcuforge("run", MODELS / "autoencoder", "--count", "16", "-o", output)
        assert done.code == 0, done
        done = mcuforge("profile", output / "autoencoder.tflite", "-o", output)
        assert done.code == 0, done

    return made_once(tmp_path_factory, "report-in-a-browser", make) / "report"
