"""What is installed is what lies in the repository: the wheel works on its own, from anywhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from made_once import made_once

from mcuforge.scaffold import examples

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "models" / "autoencoder" / "artifacts" / "model.tflite"
DATA = ("firmware", "templates")
EXAMPLES = {"autoencoder", "chirps", "unet"}
WHEEL_BYTES = 3_000_000


def build_wheel(folder: Path) -> Path:
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", folder, ROOT]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def clean_environment() -> dict[str, str]:
    """Nothing of the Python that runs the tests; its folder leaves PATH, where it comes first."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    here = str(Path(sys.executable).parent)
    folders = [f for f in kept["PATH"].split(os.pathsep) if f != here]
    return {**kept, "PATH": os.pathsep.join(folders)}


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and "build" not in p.relative_to(folder).parts
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, in a folder of its own."""
    (wheel,) = made_once(tmp_path_factory, "wheel", build_wheel).glob("*.whl")
    return wheel


def test_the_wheel_holds_the_package_and_its_data(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    for kind in DATA:
        prefix = f"mcuforge/_data/{kind}/"
        shipped = {n.removeprefix(prefix): c for n, c in held.items() if n.startswith(prefix)}
        assert shipped == files(ROOT / kind)
    modules = {
        f"mcuforge/{path}" for path in files(ROOT / "pipeline" / "mcuforge") if path.endswith(".py")
    }
    assert modules <= set(held)
    assert "mcuforge/py.typed" in held
    (metadata,) = (text.decode() for name, text in held.items() if name.endswith("/METADATA"))
    assert "# mcuforge" in metadata
    assert "](docs/" not in metadata
    assert any(name.endswith("licenses/LICENSE") for name in held)
    assert not [n for n in held if "__pycache__" in n or "test" in n]
    assert not [n for n, content in held.items() if os.fsencode(ROOT) in content]


def test_the_wheel_holds_whole_examples(wheel: Path, tmp_path: Path) -> None:
    assert wheel.stat().st_size < WHEEL_BYTES
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "held")
    held = files(tmp_path / "held" / "mcuforge" / "_data" / "models")
    assert held == {name: (ROOT / "models" / name).read_bytes() for name in held}
    names = {name.partition("/")[0] for name in held}
    assert names == EXAMPLES
    for name in names:
        written = files_of(examples.write(name, tmp_path / name), tmp_path)
        assert written == {n for n in held if n.startswith(f"{name}/")}


def files_of(paths: Iterable[Path], folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in paths}


def test_building_twice_gives_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    assert build_wheel(tmp_path).read_bytes() == wheel.read_bytes()


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Path:
    """The folder of programs of an empty virtual environment with the wheel in it."""
    # As many links as possible, as little copying: the environment is thrown away.
    venv.create(tmp_path / "venv", with_pip=True, symlinks=True)
    programs = tmp_path / "venv" / "bin"
    subprocess.run(
        [programs / "python", "-m", "pip", "install", "-q", "--no-compile", "--no-input", wheel],
        check=True,
        env=clean_environment(),
    )
    return programs


@pytest.mark.sim
def test_an_installed_wheel_runs_the_pipeline(installed: Path, wheel: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(MODEL, elsewhere / "autoencoder.tflite")

    def mcuforge(*arguments: str) -> str:
        done = subprocess.run(
            [installed / "mcuforge", *arguments],
            cwd=elsewhere,
            env=clean_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    where = [installed / "python", "-c", "import mcuforge; print(mcuforge.__file__)"]
    imported = subprocess.run(where, cwd=elsewhere, capture_output=True, text=True, check=True)
    assert imported.stdout.startswith(str(tmp_path))
    assert "mps3-an547" in mcuforge("boards", "--json")
    assert "CONV_2D" in mcuforge("inspect", "autoencoder.tflite")
    mcuforge("emit", "autoencoder.tflite", "--board", "mps2-an386", "-o", "project")
    assert_emits_like_the_checkout(elsewhere)
    mcuforge("build", "project")
    assert (elsewhere / "project" / "build" / "mps2-an386" / "firmware.elf").exists()
    mcuforge("example", "autoencoder", "--tflite")
    report = json.loads(mcuforge("run", "autoencoder", "--count", "2", "--json"))["reports"][0]
    assert report["verdict"]["exact"] and report["costs"]["instructions"]
    assert report["accuracy"][0]["device"] < 0.001
    # TensorFlow is not here: how to get it follows from the wheel, and is no failure.
    assert f"install {wheel.parent}/mcuforge-" in mcuforge("doctor").replace("'", "")
    assert "-py3-none-any.whl[train]" in mcuforge("doctor")


def assert_emits_like_the_checkout(folder: Path) -> None:
    """Installed or not, the same model gives the same bytes."""
    command = [sys.executable, "-m", "mcuforge", "emit", "autoencoder.tflite", "-o", "checkout"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    assert files(folder / "project") == files(folder / "checkout")
