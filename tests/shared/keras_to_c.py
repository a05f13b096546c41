"""Keras models through `convert`, emitted C and firmware, which equal TFLM."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import in_tensorflow
import numpy as np
from emitted import SANITIZERS, WARNINGS, link, main_c, run, source, write

from mcuforge import boards, driver
from mcuforge.convert import convert
from mcuforge.oracle.tflm import TFLM
from mcuforge.samples import quantised
from mcuforge.tflite.folded_file import fold


def converted(module: str, name: str, shape: Sequence[int], folder: Path) -> bytes:
    """The `.tflite` of what `module:save` saves under that name, with an input of that shape."""
    in_tensorflow.call(f"{module}:save", {"name": name, "file": str(folder / "model.keras")})
    samples = np.random.default_rng(1).normal(size=(8, *shape)).astype(np.float32)
    result = convert(folder / "model.keras", samples)
    assert result.refused == ()
    return result.tflite


def computes_exactly(model: bytes, folder: Path) -> None:
    """Compile the emitted C on this computer and compare its outputs with the oracle's."""
    made = source(model, "net", folder)
    project = write([made], folder / "p", "library")
    main = folder / "main.c"
    main.write_text(main_c(["net"]))
    sources = [s for s in project.rglob("*.c") if "example" not in str(s)]
    sources = [s for s in sources if "application" not in s.name and s.name != "main.c"]
    folders = {h.parent for h in project.rglob("*.h")}
    folders |= {d.parent for d in project.rglob("mcuforge") if d.is_dir()}
    includes = sorted(f"-I{each.relative_to(folder)}" for each in folders)
    flags = ("-std=c11", *WARNINGS, *SANITIZERS, *includes)
    link(folder / "program", [main, *sources], flags)
    samples = quantised.random_samples(made.plan.graph, 20)
    known = fold(model, made.plan.graph).model  # TFLM lacks TILE
    expected = b"".join(outputs[0].tobytes() for outputs in TFLM.run(known, samples))
    assert run(folder / "program", samples) == expected


def runs_exactly(model: bytes, board: str, folder: Path) -> None:
    """Build firmware, and compare what the simulated board computes with TFLM."""
    file = folder / "model.tflite"
    file.write_bytes(model)
    verdict = driver.run(file, boards.load(board), folder / "firmware", count=5).verdict
    assert verdict.exact, verdict.divergence
