"""Each flavour's metadata against the rules of its ecosystem, and every file that it names."""

from __future__ import annotations

import configparser
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rules
import yaml
from command_line import mcuforge
from rules import allowed, exist, names_of

from mcuforge import boards, planning
from mcuforge.emit import project
from mcuforge.emit.flavours import FLAVOURS
from mcuforge.engines import tflm as tflm_engine
from mcuforge.errors import UnsupportedError, UsageError
from mcuforge.recipe import load

MODELS = Path(__file__).parents[2] / "models"
Emit = Callable[..., Path]


@pytest.fixture
def emit(tmp_path: Path) -> Emit:
    """Writes the autoencoder's project in a flavour; `tflm` chooses that engine."""

    def write(flavour: str, board: str = "mps2-an386", *, tflm: bool = False) -> Path:
        recipe = load(MODELS / "autoencoder")
        plan = planning.make_plan(recipe.tflite, recipe.name)
        target = boards.load(board)
        engine = tflm_engine.prepare(plan, recipe.tflite, target) if tflm else None
        folder = tmp_path / f"{flavour}-{board}-{tflm}"
        project.emit(plan, target, folder, None, engine, flavour)
        return folder

    return write


def read_yaml(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text())
    assert isinstance(content, dict)
    return content


def listed(path: Path) -> list[str]:
    """Source files that a CMakeLists.txt names."""
    return re.findall(r"[\w/]+\.(?:cc|c)\b", path.read_text())


@pytest.mark.parametrize("tflm", [False, True])
def test_zephyr(emit: Emit, tflm: bool) -> None:
    folder = emit("zephyr", tflm=tflm)
    module = read_yaml(folder / "zephyr" / "module.yml")
    allowed(module, rules.ZEPHYR_MODULE_KEYS)
    assert (folder / module["build"]["cmake"] / "CMakeLists.txt").is_file()
    assert (folder / module["build"]["kconfig"]).is_file()
    assert all((folder / s).is_dir() for s in module["samples"])
    sources = listed(folder / "CMakeLists.txt")
    assert sorted(sources) == sorted(
        p.relative_to(folder).as_posix() for p in (folder / "src").glob("*.c*")
    )
    sample = folder / "samples" / "autoencoder"
    exist(sample, listed(sample / "CMakeLists.txt"))
    config = rules.properties((sample / "prj.conf").read_text())
    symbol = re.search(r"^config (\w+)$", (folder / "Kconfig").read_text(), re.MULTILINE)
    assert symbol is not None and config[f"CONFIG_{symbol[1]}"] == "y"
    assert f"if(CONFIG_{symbol[1]})" in (folder / "CMakeLists.txt").read_text()
    assert ("CONFIG_TENSORFLOW_LITE_MICRO" in config) == tflm
    twister = read_yaml(sample / "sample.yaml")
    allowed(twister["common"], rules.TWISTER_COMMON_KEYS)
    assert twister["common"]["min_ram"] >= 20_736 // 1024
    (scenario,) = twister["tests"].items()
    assert scenario[0].count(".") >= 1
    allowed(scenario[1], rules.TWISTER_SCENARIO_KEYS)
    (regex,) = twister["common"]["harness_config"]["regex"]
    assert re.search(regex, "largest output: 17")
    manifest = read_yaml(folder / "west.yml")["manifest"]
    remotes = names_of(manifest["remotes"], "name")
    assert all(p["remote"] in remotes and p["revision"] for p in manifest["projects"])
    assert ("group-filter" in manifest) == tflm
    # Zephyr ends with an error where a value is set that cannot be, as on cores without an FPU.
    assert "CONFIG_FPU" not in config
    assert "\timply FPU\n" in (folder / "Kconfig").read_text()


@pytest.mark.parametrize(("board", "runs"), [("mps2-an385", True), ("pico", False)])
def test_zephyr_runs_or_flashes(emit: Emit, board: str, runs: bool) -> None:
    """Its target `run` is for simulated boards; on others it fails."""
    text = (emit("zephyr", board) / "README.md").read_text()
    assert ("-t run\n" in text, "west flash\n" in text) == (runs, not runs)


@pytest.mark.parametrize("tflm", [False, True])
def test_esp_idf(emit: Emit, tflm: bool) -> None:
    folder = emit("esp-idf", tflm=tflm)
    component = folder / "components" / "mcuforge_autoencoder"
    manifest = read_yaml(component / "idf_component.yml")
    allowed(manifest, rules.IDF_KEYS)
    assert rules.SEMVER.fullmatch(manifest["version"])
    assert ("espressif/esp-tflite-micro" in manifest["dependencies"]) == tflm
    sources = listed(component / "CMakeLists.txt")
    exist(component, sources)
    assert len(sources) == len(list((component / "src").glob("*.c*")))
    exist(folder / "main", listed(folder / "main" / "CMakeLists.txt"))
    assert "REQUIRES mcuforge_autoencoder" in (folder / "main" / "CMakeLists.txt").read_text()


@pytest.mark.parametrize("tflm", [False, True])
def test_arduino(emit: Emit, tflm: bool) -> None:
    folder = emit("arduino", tflm=tflm)
    found = rules.properties((folder / "library.properties").read_text())
    assert all(found.get(key) for key in rules.ARDUINO_REQUIRED)
    assert rules.ARDUINO_NAME.fullmatch(found["name"])
    assert rules.SEMVER.fullmatch(found["version"])
    assert found["category"] in rules.ARDUINO_CATEGORIES
    exist(folder / "src", found["includes"].split(","))
    for line in (folder / "keywords.txt").read_text().splitlines():
        assert re.fullmatch(r"\w+\tKEYWORD[12]", line)
    sketch = folder / "examples" / "autoencoder"
    exist(sketch, ["autoencoder.ino", "autoencoder_application.c", "autoencoder_application.h"])
    assert found["url"].startswith("https://")
    assert ("depends" in found, found["architectures"] != "*") == (tflm, tflm)
    assert ("lib install " in (folder / "README.md").read_text()) == tflm


@pytest.mark.parametrize(("board", "is_other"), [("pico", False), ("mps2-an386", True)])
def test_arduino_names_the_core_of_the_board(emit: Emit, board: str, is_other: bool) -> None:
    text = (emit("arduino", board) / "README.md").read_text()
    core = re.search(r"core install (\S+)\n", text)
    assert core is not None and f"--fqbn {core[1]}:" in text
    assert ("these commands name another board" in text) == is_other


@pytest.mark.parametrize("board", ["mps2-an386", "host"])
def test_platformio(emit: Emit, board: str) -> None:
    folder = emit("platformio", board)
    parser = configparser.ConfigParser()
    parser.read_string((folder / "platformio.ini").read_text())
    default = parser["platformio"]["default_envs"]
    assert parser[f"env:{default}"]["platform"]
    library = folder / "lib" / "mcuforge_autoencoder"
    found = json.loads((library / "library.json").read_text())
    assert rules.SEMVER.fullmatch(found["version"])
    exist(library / found["build"]["includeDir"], found["headers"])
    assert list((library / found["build"]["srcDir"]).glob("**/*.c"))


def test_platformio_with_tflm_is_for_boards_that_have_it(emit: Emit) -> None:
    folder = emit("platformio", "pico", tflm=True)
    parser = configparser.ConfigParser()
    parser.read_string((folder / "platformio.ini").read_text())
    (package,) = parser["env"]["lib_deps"].split()
    library = json.loads((folder / "lib" / "mcuforge_autoencoder" / "library.json").read_text())
    assert [package] == ["@".join(pair) for pair in library["dependencies"].items()]
    environment = f"env:{parser['platformio']['default_envs']}"
    assert [s for s in parser.sections() if s.startswith("env:")] == [environment]
    assert parser[environment]["platform"] in library["platforms"]
    assert parser[environment]["framework"] == library["frameworks"]


@pytest.mark.parametrize("tflm", [False, True])
def test_csolution(emit: Emit, tflm: bool) -> None:
    folder = emit("csolution", tflm=tflm)
    solution = read_yaml(folder / "autoencoder.csolution.yml")["solution"]
    allowed(solution, rules.SOLUTION_KEYS)
    packs = names_of(solution["packs"], "pack")
    assert all(rules.PACK.fullmatch(pack) for pack in packs)
    assert [p.split("@")[0] for p in packs] == (folder / "packs.txt").read_text().split()
    assert any("tensorflow" in pack for pack in packs) == tflm
    assert all(rules.DEVICE.fullmatch(t["device"]) for t in solution["target-types"])
    assert all(t["optimize"] in rules.OPTIMIZE for t in solution["build-types"])
    assert all(t["debug"] in ("on", "off") for t in solution["build-types"])  # not YAML's booleans
    (path,) = names_of(solution["projects"], "project")
    described = read_yaml(folder / path)["project"]
    allowed(described, rules.PROJECT_KEYS)
    base = (folder / path).parent
    for group in described["groups"]:
        exist(base, names_of(group["files"], "file"))
    (layer_path,) = names_of(described["layers"], "layer")
    layer = read_yaml(base / layer_path)["layer"]
    allowed(layer, rules.LAYER_KEYS)
    layer_base = (base / layer_path).parent
    files = [f for group in layer["groups"] for f in names_of(group["files"], "file")]
    exist(layer_base, files)
    assert len(files) == sum(1 for p in layer_base.rglob("*.[ch]*") if p.suffix != ".yml")
    components = described["components"] + layer.get("components", [])
    assert all(rules.COMPONENT.fullmatch(c) for c in names_of(components, "component"))


def test_the_library_names_all_its_sources(emit: Emit) -> None:
    folder = emit("library")
    makefile = (folder / "Makefile").read_text()
    assert sorted(re.findall(r"src/\w+\.c", makefile)) == sorted(
        p.relative_to(folder).as_posix() for p in (folder / "src").glob("*.c*")
    )


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_flavour_is_the_same_every_time_and_names_no_path(flavour: str) -> None:
    recipe = load(MODELS / "autoencoder")
    plan = planning.make_plan(recipe.tflite, recipe.name)
    board = boards.load("mps2-an386")
    first, second = (project.files(plan, board, flavour=flavour) for _ in range(2))
    assert first == second
    here = str(MODELS.parent).encode()
    assert not any(here in data for data in first.values())


@pytest.mark.parametrize("flavour", [f.name for f in FLAVOURS.values() if f.no_tflm])
def test_tflm_is_refused_where_it_is_not_to_be_had(emit: Emit, flavour: str) -> None:
    with pytest.raises(UnsupportedError, match=f"not for --flavour {flavour}"):
        emit(flavour, tflm=True)


def test_a_project_for_another_build_system_is_not_built_here(emit: Emit) -> None:
    folder = emit("zephyr")
    assert project.load(folder).flavour == "zephyr"
    with pytest.raises(UsageError, match="flavour zephyr, for its own build system"):
        project.load_cmake(folder)


@pytest.mark.parametrize(
    ("flavour", "board", "kernel"),
    [
        ("cmake", "mps2-an386", "conv2d_dsp_s8.c"),
        ("library", "mps2-an386", "conv2d_dsp_s8.c"),
        ("zephyr", "mps2-an386", "conv2d_dsp_s8.c"),
        ("arduino", "mps2-an386", "conv2d_tile_s8.c"),  # no name of it there: any board may follow
        ("arduino", "nrf52840dk", "conv2d_dsp_s8.c"),
        ("platformio", "stm32f4-discovery", "conv2d_dsp_s8.c"),
        ("platformio", "pico", "conv2d_tile_s8.c"),
        ("esp-idf", "mps2-an386", "conv2d_tile_s8.c"),
    ],
)
def test_kernels_are_made_for_a_core_where_the_build_system_is_for_it(
    tmp_path: Path, flavour: str, board: str, kernel: str
) -> None:
    model = MODELS / "autoencoder" / "artifacts" / "model.tflite"
    options = ("--flavour", flavour, "--board", board, "-o", tmp_path / "p")
    assert mcuforge("emit", model, *options).code == 0
    found = {path.name for path in (tmp_path / "p").rglob("conv2d_*.c")}
    assert kernel in found
