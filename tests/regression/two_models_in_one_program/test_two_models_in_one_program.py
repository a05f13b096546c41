"""Two models of one shape and other weights in one program: each gives the oracle's bytes."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from command_line import mcuforge
from emitted import SANITIZERS, WARNINGS, Array, main_c, run, source, succeed, unpack, write
from json_documents import checked
from single_op import Spec, build

from mcuforge import boards
from mcuforge import build as builder
from mcuforge.emit import project
from mcuforge.emit.project_files import Source, project_files
from mcuforge.engines import tflm
from mcuforge.errors import UsageError
from mcuforge.oracle.tflm import TFLM
from mcuforge.proof import parity
from mcuforge.simulate.qemu import Qemu

HERE = Path(__file__).parent
TFLM_API = HERE.parents[1] / "tflm" / "api"
PACKAGES = ("library", "zephyr", "esp-idf", "platformio", "arduino", "csolution")
SHAPE = (1, 24)
OUTPUTS = 10


def dense(seed: int) -> bytes:
    """A FULLY_CONNECTED of random weights."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(-127, 128, (OUTPUTS, SHAPE[1]), np.int8)
    bias = rng.integers(-500, 500, OUTPUTS, np.int32)
    return build(
        "FULLY_CONNECTED",
        [
            Spec(SHAPE, scale=0.5, zero_point=-3),
            Spec(weights.shape, scale=0.25, data=weights),
            Spec(bias.shape, "int32", scale=0.125, data=bias),
        ],
        [Spec((1, OUTPUTS), scale=8.0, zero_point=4)],
        schema.FullyConnectedOptionsT(),
    )


MODELS = {"first": dense(1), "second": dense(2)}


def inputs(count: int = 4) -> list[list[Array]]:
    """For the models in turn."""
    rng = np.random.default_rng(7)
    return [[rng.integers(-128, 128, SHAPE, np.int8)] for _ in range(2 * count)]


def expected(samples: list[list[Array]]) -> bytes:
    """The oracle's bytes, in the same order."""
    first, second = (TFLM.run(m, samples[i::2]) for i, m in enumerate(MODELS.values()))
    pairs = zip(first, second, strict=True)
    return b"".join(o.tobytes() for pair in pairs for outputs in pair for o in outputs)


@pytest.fixture(scope="module")
def oracle() -> bytes:
    found = expected(inputs())
    assert found[:OUTPUTS] != found[OUTPUTS : 2 * OUTPUTS]
    return found


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Source]:
    folder = tmp_path_factory.mktemp("models")
    return [source(content, name, folder) for name, content in MODELS.items()]


def compiled(folder: Path, *options: str | Path) -> list[Path]:
    """The objects of all C files of a package but its example, each found by its own folders."""
    flags = ("-std=c11", "-O1", *WARNINGS, *SANITIZERS, *include_flags(folder), *options)
    objects = []
    for path in sorted(folder.rglob("*_*.c")):
        if "application" not in path.name:
            objects.append(path.with_suffix(".o"))
            succeed("gcc", *flags, "-c", "-o", objects[-1], path)
    return objects


def include_flags(folder: Path) -> list[str]:
    """What a build system offers of a package: the folder with its public headers."""
    return [f"-I{path.parent}" for path in sorted(folder.rglob("*_model.h"))]


def linked(program: Path, main: str, folders: list[Path], objects: list[Path]) -> Path:
    path = program.with_suffix(".c")
    path.write_text(main)
    includes = [flag for folder in folders for flag in include_flags(folder)]
    succeed("gcc", "-std=c11", *WARNINGS, *SANITIZERS, *includes, "-o", program, path, *objects)
    return program


@pytest.mark.parametrize("flavours", [("library", "esp-idf"), ("arduino", "arduino")])
def test_packages_that_were_emitted_apart_link_and_compute(
    sources: list[Source], tmp_path: Path, oracle: bytes, flavours: tuple[str, str]
) -> None:
    """Linked as objects, as Zephyr and Arduino do: no archive hides what is there twice."""
    folders = [
        write([each], tmp_path / each.name, flavour)
        for each, flavour in zip(sources, flavours, strict=True)
    ]
    objects = [o for folder in folders for o in compiled(folder)]
    program = linked(tmp_path / "program", main_c(tuple(MODELS)), folders, objects)
    assert run(program, inputs()) == oracle


@pytest.mark.parametrize("flavour", ["library", "platformio"])
def test_models_emitted_together_share_the_kernels(
    sources: list[Source], tmp_path: Path, oracle: bytes, flavour: str
) -> None:
    folder = write(sources, tmp_path / "both", flavour)
    assert len(list(folder.rglob("conv2d_tile_s8.c"))) == 1
    program = linked(tmp_path / "program", main_c(tuple(MODELS)), [folder], compiled(folder))
    assert run(program, inputs()) == oracle


def sharing_main(size: int) -> str:
    """The models in one buffer: each is read from before the other is written to."""
    before = f"static _Alignas(16) unsigned char shared[{size}];\n"
    calls = (f"if ({n}_set_arena(shared, sizeof shared) != MF_OK) {{ return 1; }}" for n in MODELS)
    return main_c(tuple(MODELS), before, " ".join(calls))


def test_models_that_never_run_at_once_share_an_arena(
    sources: list[Source], tmp_path: Path, oracle: bytes
) -> None:
    folder = write(sources, tmp_path / "both")
    by_caller = [f"-D{name.upper()}_ARENA_BY_CALLER=1" for name in MODELS]
    main = sharing_main(max(each.arena_bytes for each in sources))
    program = linked(tmp_path / "program", main, [folder], compiled(folder, *by_caller))
    assert run(program, inputs()) == oracle
    sections = succeed("nm", program)
    assert sections.count(" b shared") == 1 and "first_arena\n" in sections  # the pointer


@pytest.fixture(scope="module")
def by_tflm(tmp_path_factory: pytest.TempPathFactory) -> list[Source]:
    """The same models for TensorFlow Lite Micro."""
    folder = tmp_path_factory.mktemp("tflm")
    planned = [source(content, name, folder) for name, content in MODELS.items()]
    host = boards.load("host")
    files = (folder / f"{name}.tflite" for name in MODELS)
    return [
        replace(each, tflm=tflm.prepare(each.plan, file, host))
        for each, file in zip(planned, files, strict=True)
    ]


@pytest.mark.parametrize("engine", ["aot", "tflm"])
@pytest.mark.parametrize("flavour", ["cmake", *PACKAGES])
def test_headers_that_an_application_sees_have_names_of_their_own(
    sources: list[Source], by_tflm: list[Source], flavour: str, engine: str
) -> None:
    """They are named for the model, or lie in mcuforge/ and are the same in every package."""
    if engine == "tflm" and flavour == "library":
        pytest.skip("TFLM is not for libraries")
    host = boards.load("host")
    each = (sources if engine == "aot" else by_tflm)[0]
    one, two = (project_files([replace(each, name=n)], host, n, flavour) for n in MODELS)
    models_header = next(p for p in one if p.endswith("/first_model.h"))
    offered = models_header.removesuffix("first_model.h")
    found = [p.removeprefix(offered) for p in one if p.startswith(offered) and p.endswith(".h")]
    beside = {f"first_{kind}.h" for kind in ("config", "constants", "tflite")}
    own = {p for p in found if not p.startswith(("mcuforge/", "first/"))}
    assert own - (beside if flavour == "cmake" else set()) == {"first_model.h"}
    engines = [p for p in one if "mcuforge/" in p and p.endswith(".h")]
    assert len(engines) == 4 and all(one[p] == two[p.replace("first", "second")] for p in engines)
    text = one[models_header].decode()
    assert "#ifndef MCUFORGE_FIRST_MODEL_H" in text and '#include "mcuforge/engine.h"' in text


def test_packages_whose_interfaces_differ_say_so(sources: list[Source], tmp_path: Path) -> None:
    """Of two versions of engine.h a source sees the first."""
    older, newer = (write([each], tmp_path / each.name, "library") for each in sources)
    for path in newer.rglob("*.h"):
        text = path.read_text()
        path.write_text(re.sub(r"(MF_ENGINE_ABI_VERSION(?: !=)?) 5\b", r"\1 6", text))
    main = tmp_path / "main.c"
    main.write_text('#include "first_model.h"\n#include "second_model.h"\n')
    includes = [flag for folder in (older, newer) for flag in include_flags(folder)]
    command = ["gcc", "-std=c11", *includes, "-fsyntax-only", str(main)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "emit both with one mcuforge" in done.stderr
    for name in MODELS:  # each alone is sound
        main.write_text(f'#include "{name}_model.h"\n')
        succeed(*command)


def test_two_libraries_have_no_symbol_in_common(sources: list[Source], tmp_path: Path) -> None:
    found = []
    for each in sources:
        archive = write([each], tmp_path / each.name, "library") / "lib" / f"lib{each.name}.a"
        text = succeed("nm", "--defined-only", "--extern-only", "--format=posix", archive)
        names = {line.split(" ")[0] for line in text.splitlines() if " " in line}
        assert all(name.startswith(f"{each.name}_") for name in names), names
        found.append(names)
    assert found[0] and not found[0] & found[1]


@pytest.mark.parametrize("arena", ["own", "shared"])
def test_tflm_keeps_two_models_apart(by_tflm: list[Source], tmp_path: Path, arena: str) -> None:
    host = boards.load("host")
    objects: list[Path] = []
    includes: list[str] = []
    by_caller = [f"-D{n.upper()}_ARENA_BY_CALLER=1" for n in MODELS if arena == "shared"]
    for each in by_tflm:
        name = each.name
        unpack(project_files([each], host, name), tmp_path / name)
        here = [f"-I{tmp_path / name / folder}" for folder in ("model", "engines")]
        for path in sorted((tmp_path / name / "model").glob("*.c*")):
            objects.append(path.with_suffix(".o"))
            language = ("g++", "-std=c++17", "-fno-rtti", f"-I{TFLM_API}")
            compiler = language if path.suffix == ".cc" else ("gcc", "-std=c11")
            succeed(
                *compiler, *WARNINGS, *SANITIZERS, *here, *by_caller, "-c", "-o", objects[-1], path
            )
        includes += here
    assert len({len(content) for content in MODELS.values()}) == 1
    sizes = (SHAPE[1], OUTPUTS, len(MODELS["first"]))
    defines = [
        f"-D{n}_BYTES={v}" for n, v in zip(("INPUT", "OUTPUT", "TFLITE"), sizes, strict=True)
    ]
    main = tmp_path / "main.c"
    size = max(each.arena_bytes for each in by_tflm)
    main.write_text(sharing_main(size) if arena == "shared" else main_c(tuple(MODELS)))
    objects.append(tmp_path / "main.o")
    succeed("gcc", "-std=c11", *WARNINGS, *SANITIZERS, *includes, "-c", "-o", objects[-1], main)
    program = tmp_path / "program"
    fake = ("-std=c++17", f"-I{TFLM_API}", *defines, HERE / "fake_tflm.cc")
    succeed("g++", *SANITIZERS, *fake, "-o", program, *objects)
    samples = inputs()
    assert run(program, samples) == b"".join(
        fake_output(content, sample[0])
        for pair in zip(samples[::2], samples[1::2], strict=True)
        for content, sample in zip(MODELS.values(), pair, strict=True)
    )


def fake_output(content: bytes, values: Array) -> bytes:
    """What fake_tflm.cc computes."""
    total = 0
    for byte in content:
        total = (total * 31 + byte) % 256
    data = values.tobytes()
    return bytes(data[i % len(data)] ^ total for i in range(OUTPUTS))


def test_two_models_of_one_name_are_refused(sources: list[Source]) -> None:
    twice = [sources[0], replace(sources[1], name="first")]
    with pytest.raises(UsageError, match="Two models are called first in C"):
        project_files(twice, boards.load("host"), "both")


@pytest.mark.sim
def test_one_firmware_of_two_models_serves_either(sources: list[Source], tmp_path: Path) -> None:
    board = boards.load("mps2-an386")
    folder = tmp_path / "project"
    written = project.emit_all(sources, board, folder, "both")
    assert list(written.models) == list(MODELS) and written.model == "first"
    for each in sources:
        elf = builder.build(folder, board.name, model=each.name).elf
        symbols = subprocess.run(
            ["arm-none-eabi-nm", elf], capture_output=True, text=True, check=True
        ).stdout
        assert all(f" {name}_model\n" in symbols for name in MODELS)
        samples = [inputs()[0]]
        with Qemu(board, elf) as running:
            running.device.hello(each.plan.graph.model_hash)
            outputs = [running.device.run(s).outputs for s in samples]
        found = parity.compare("QEMU", TFLM.run(MODELS[each.name], samples), outputs, decides=True)
        assert found.bytes_differing == 0 and found.bytes_compared == OUTPUTS


@pytest.mark.sim
def test_the_commands_take_several_models(tmp_path: Path) -> None:
    files = []
    for name, content in MODELS.items():
        files.append(tmp_path / f"{name}.tflite")
        files[-1].write_bytes(content)
    folder = tmp_path / "project"
    emitted = mcuforge("emit", *files, "-o", folder, "--json")
    assert checked(emitted.stdout)["models"] == list(MODELS)
    refused = mcuforge("build", folder, "--model", "third")
    refused.refused(2, "has no model 'third', but first, second.")
    crc = {}
    for name in (*MODELS, None):
        chosen = ("--model", name) if name else ()
        done = mcuforge("simulate", folder, "--count", "1", "--json", *chosen)
        crc[name] = checked(done.stdout)["runs"][0]["outputs"]
    assert crc["first"] != crc["second"] and crc[None] == crc["first"]
    twice = mcuforge("emit", files[0], files[0], "-o", tmp_path / "twice")
    twice.refused(2, "Two models are called first in C")
