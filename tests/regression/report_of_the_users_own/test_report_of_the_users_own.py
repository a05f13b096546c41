"""Files of the user with the names of results: kept, and told of before the work."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import mcuforge
from small_model import small_classifier

from mcuforge import driver
from mcuforge.cli import convert as convert_command
from mcuforge.cli import debug_quantization as debug_command
from mcuforge.errors import ForgeError
from mcuforge.files import json_text
from mcuforge.report import pictures, results, run_page

MODELS = Path(__file__).parents[3] / "models"
TEXT = b"<html>my thesis about mcuforge</html>"
CASES = (
    ("run", "model.tflite", "-o", "mine", "mine/report/index.html"),
    ("run", "model.tflite", "-o", "mine", "mine/report/pages.json"),
    ("run", "model.tflite", "-o", "mine", "mine/report/run-of_mine.html"),
    ("run", "model.tflite", "-o", "mine", "mine/report.json"),
    ("run", str(MODELS / "autoencoder"), "-o", "mine", "mine/autoencoder.tflite"),
    ("parity", "model.tflite", "-o", "mine", "mine/report/index.html"),
    ("bench", "model.tflite", "-o", "mine", "mine/bench.json"),
    ("bench", "model.tflite", "-o", "mine", "mine/bench.png"),
    ("bench", "model.tflite", "-o", "mine", "mine/report/bench-model_on_mps2_an386.html"),
    ("profile", "model.tflite", "-o", "mine", "mine/profile.json"),
    ("profile", "model.tflite", "-o", "mine", "mine/report/index.html"),
    ("explore", str(MODELS / "vae"), "-o", "mine", "mine/report/explore-vae.html"),
    ("explore", str(MODELS / "vae"), "-o", "mine", "mine/vae-explore/explore.json"),
    ("explore", str(MODELS / "vae"), "-o", "mine", "mine/vae-explore/generated.png"),
    ("convert", "model.h5", "--samples", "model.tflite", "model.tflite.txt"),
    ("debug-quantization", str(MODELS / "vae"), "build/report/index.html"),
    ("debug-quantization", str(MODELS / "vae"), "build/report/quantization-vae.html"),
)


@pytest.fixture(autouse=True)
def no_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def reached(*_: object, **__: object) -> None:
        pytest.fail("work was begun")

    monkeypatch.chdir(tmp_path)
    for place, name in ((driver, "convert"), (driver, "firmware"), (convert_command, "convert")):
        monkeypatch.setattr(place, name, reached)
    monkeypatch.setattr(debug_command.debug_quantization, "analyse", reached)
    Path("model.tflite").write_bytes(small_classifier())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[-1]}")
def test_it_is_kept(case: tuple[str, ...]) -> None:
    *command, path = case
    if command[0] == "convert":
        path = "model.tflite"  # beside the model, where nobody named it
        Path("model.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(TEXT)
    mcuforge(*command).refused(1, path, "not written by mcuforge")
    assert Path(path).read_bytes() == TEXT


def test_ours_are_known_and_replaced(tmp_path: Path) -> None:
    page, document, picture = (tmp_path / f"made.{s}" for s in ("html", "json", "png"))
    page.write_text(run_page.as_html([]))
    document.write_text(json_text.dumps({"mcuforge": "0.1.0", "reports": []}))
    picture.write_bytes(pictures.png(np.zeros((4, 4), np.uint8)))
    model = tmp_path / "model.tflite"
    results.check(page, document, picture, model, tmp_path / "none.html")
    for path in (page, document, picture, model):
        path.write_bytes(json.dumps({"name": "mcuforge"}).encode())
        with pytest.raises(ForgeError, match="not written by mcuforge"):
            results.check(path)
        results.check(path, force=True)
