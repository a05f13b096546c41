"""The model that makes its features on the device: its C against its Python, everywhere."""

from __future__ import annotations

import json
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from mcuforge import boards, driver, planning, recipe
from mcuforge.build import build
from mcuforge.device.client import Device
from mcuforge.emit import project
from mcuforge.emit.extras import of_recipe
from mcuforge.errors import ParityError
from mcuforge.features import in_python, raw_samples
from mcuforge.planning.plan import Plan
from mcuforge.proof import front_end, prove
from mcuforge.proof.parity import Verdict
from mcuforge.proof.prove import Measurement
from mcuforge.recipe import Recipe

FOLDER = Path(__file__).parents[2] / "models" / "chirps"
SAMPLES = 6
MAIN = """
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
void chirps_features(const int16_t *raw, int8_t *features);
int main(void) { /* buffers of the exact sizes, for AddressSanitizer */
    int16_t *raw = malloc(1024 * sizeof *raw);
    int8_t *features = malloc(240);
    while (fread(raw, sizeof *raw, 1024, stdin) == 1024) {
        chirps_features(raw, features);
        (void)fwrite(features, 1, 240, stdout);
    }
    free(raw);
    free(features);
    return 0;
}
"""


@pytest.fixture(scope="module")
def loaded() -> Recipe:
    return recipe.load(FOLDER)


def hard_samples(loaded: Recipe) -> npt.NDArray[np.int16]:
    """Silence, full scale, square waves, single bits and impulses, noise of all levels."""
    assert loaded.features is not None
    rng, place = np.random.default_rng(7), np.arange(1024)
    squares = [
        np.where(np.sin(2 * np.pi * place * bin_ / 128 + 0.3) > 0, 32767, -32768)
        for bin_ in range(1, 64, 3)
    ]
    noise = [rng.integers(-(2**bits), 2**bits, 1024) for bits in range(16) for _ in range(3)]
    impulses = [
        np.where(place == at, level, 0) for at in (0, 63, 64, 1023) for level in (1, -32768)
    ]
    made = np.stack([*squares, *noise, *impulses]).astype(np.int16)
    return np.concatenate([raw_samples.at_the_ends(loaded.features), made])


def test_c_and_python_make_the_same_bytes_of_hard_samples(loaded: Recipe, tmp_path: Path) -> None:
    assert loaded.features is not None
    raw = hard_samples(loaded)
    (tmp_path / "main.c").write_text(MAIN)
    flags = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-Wconversion"]
    flags += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    sources = [tmp_path / "main.c", FOLDER / "chirps_features.c"]
    subprocess.run(["gcc", *flags, "-o", tmp_path / "program", *sources], check=True)
    done = subprocess.run(
        [tmp_path / "program"], input=raw.tobytes(), capture_output=True, check=True
    )
    in_c = np.frombuffer(done.stdout, np.int8).reshape(len(raw), -1)
    assert np.array_equal(in_c, in_python.compute(loaded.features, raw, in_c.shape[1]))
    assert in_c.min() == -128 and in_c.max() > 40, "they reach what the codes can say"


def test_the_c_has_the_numbers_of_the_python() -> None:
    made = runpy.run_path(str(FOLDER / "chirps_tables.py"))["header"]()
    assert made == (FOLDER / "chirps_tables.h").read_text()


def test_the_recipe_has_the_labels_of_the_data(
    loaded: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    data = runpy.run_path(str(FOLDER / "data.py"))
    assert loaded.labels == data["LABELS"]
    assert loaded.features is not None and loaded.features.scale == 1 / data["SCALE"]


Prove = Callable[[str, str], tuple[Verdict, Measurement]]


@pytest.fixture(scope="module")
def proven(loaded: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Prove:
    """The verdict of the project whose C of the features has a text replaced by another."""
    plan = planning.make_plan(loaded.tflite, loaded.name)
    host, folder = boards.load("host"), tmp_path_factory.mktemp("chirps")
    source = driver.Source(loaded.name, loaded.tflite, loaded)
    inputs = driver.make_inputs(source, plan.graph, SAMPLES, None)
    assert inputs.raw is not None and inputs.raw.count == SAMPLES
    project.emit(plan, host, folder, extras=of_recipe(loaded, plan.graph))
    file = folder / "features" / loaded.name / "chirps_features.c"
    original = file.read_text()
    return lambda old, new: _proven(plan, inputs, folder, file, original.replace(old, new))


def _proven(
    plan: Plan, inputs: Any, folder: Path, file: Path, text: str
) -> tuple[Verdict, Measurement]:
    file.write_text(text)
    with Device.spawn([str(build(folder, "host").elf)]) as device:
        measured = prove.measure(
            device, "host", plan, inputs.samples, lambda *_: None, raw=inputs.raw
        )
    found = front_end.compare("C", inputs.raw, measured.made)
    return Verdict(SAMPLES, (found,), front_end.divergence([found])), measured


def test_the_project_makes_the_bytes_of_the_python_and_a_difference_is_named(
    proven: Prove,
) -> None:
    verdict, right = proven("", "")
    assert verdict.exact and verdict.divergence is None
    ends = len(right.made) - SAMPLES
    assert verdict.comparisons[0].bytes_compared == (SAMPLES + ends) * 240 and ends >= 8
    verdict, wrong = proven("sum >> 8) - 128", "sum >> 8) - (frame == 3 && band == 2 ? 127 : 128)")
    assert not verdict.exact
    assert "C: other bytes than chirps_features.py makes, in sample 0, index [0, 3, 2, 0]" in str(
        verdict.divergence
    )
    assert verdict.comparisons[0].samples_differing > SAMPLES
    for ours, theirs in zip(right.outputs, wrong.outputs, strict=True):
        assert np.array_equal(ours[0], theirs[0]), "the model still runs with the right features"


def test_a_difference_at_the_ends_alone_is_named(loaded: Recipe) -> None:
    plan = planning.make_plan(loaded.tflite, loaded.name)
    source = driver.Source(loaded.name, loaded.tflite, loaded)
    made = driver.make_inputs(source, plan.graph, 2, None).raw
    assert made is not None
    arrays = [sample[0].copy() for sample in made.expected]
    arrays[2 + 3][0, 1, 2, 0] += 1
    found = front_end.compare("C", made, arrays)
    assert (found.decides, found.bytes_differing) == (True, 1)
    text = str(front_end.divergence([found]))
    assert "in sample 3 of those at the ends, index [0, 1, 2, 0]: expected" in text


def test_golden_inputs_of_other_features_are_refused(tmp_path: Path) -> None:
    """The model was then trained on what no device makes."""
    folder = tmp_path / "chirps"
    shutil.copytree(FOLDER, folder)
    python = folder / "chirps_features.py"
    python.write_text(python.read_text().replace("- 128\n", "- 127\n"))
    changed = recipe.load(folder)
    plan = planning.make_plan(changed.tflite, changed.name)
    source = driver.Source(changed.name, changed.tflite, changed)
    with pytest.raises(ParityError, match=r"not what chirps_features.py makes of 'raw': sample 0"):
        driver.make_inputs(source, plan.graph, 2, None)


@pytest.mark.slow
@pytest.mark.sim
def test_parity_on_the_device_and_its_exit_code(tmp_path: Path) -> None:
    folder = tmp_path / "chirps"
    shutil.copytree(FOLDER, folder)

    def parity() -> tuple[int, dict[str, Any]]:
        command = [sys.executable, "-m", "mcuforge", "parity", str(folder), "--json"]
        command += ["--board", "mps2-an385", "--count", "3", "-o", str(tmp_path / "out"), "--force"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, json.loads(done.stdout or "{}")

    code, found = parity()
    (report,) = found["reports"]
    assert code == 0 and report["verdict"]["exact"]
    details = report["details"]["features"]
    assert (details["samples"], details["bytes_differing"]) == (3, 0)
    assert details["instructions"] > 100_000
    file = folder / "chirps_features.c"
    file.write_text(file.read_text().replace("- 128;", "- 127;"))
    code, found = parity()
    assert code == 1
    assert "other bytes than chirps_features.py makes, in sample 0, index [0, 0, 0, 0]" in str(
        found
    )
