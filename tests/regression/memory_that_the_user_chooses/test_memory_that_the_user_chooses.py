"""Where the arena and the constants lie: by section, by linkage, or by a buffer of the caller's."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from elftools.elf.elffile import ELFFile
from emitted import SANITIZERS, WARNINGS, Array, main_c, run, source, succeed, unpack, write
from single_op import Spec, build

from mcuforge import boards
from mcuforge.emit.project_files import Source, project_files
from mcuforge.engines import tflm
from mcuforge.oracle.tflm import TFLM

HERE = Path(__file__).parent
TFLM_API = HERE.parents[1] / "tflm" / "api"
FLAVOURS = ("cmake", "zephyr", "esp-idf", "arduino", "platformio", "csolution", "library")
ARM = ("-mcpu=cortex-m4", "-mthumb")
CCM, RAM, FLASH, QSPI = 0x10000000, 0x20000000, 0x08000000, 0x90000000
SHAPE = (1, 16)


def dense() -> bytes:
    weights = np.random.default_rng(5).integers(-127, 128, (6, SHAPE[1]), np.int8)
    rest: list[Spec | None] = [Spec(weights.shape, scale=0.25, data=weights), None]
    target = Spec((1, 6), scale=8.0, zero_point=4)
    first = Spec(SHAPE, scale=0.5, zero_point=-3)
    return build("FULLY_CONNECTED", [first, *rest], [target], schema.FullyConnectedOptionsT())


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return source(dense(), "net", tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def by_tflm(net: Source, tmp_path_factory: pytest.TempPathFactory) -> Source:
    file = tmp_path_factory.mktemp("tflm") / "net.tflite"
    file.write_bytes(dense())
    return replace(net, tflm=tflm.prepare(net.plan, file, boards.load("mps2-an386")))


@pytest.fixture(scope="module")
def samples() -> list[list[Array]]:
    rng = np.random.default_rng(6)
    return [[rng.integers(-128, 128, SHAPE, np.int8)] for _ in range(4)]


@pytest.fixture(scope="module")
def oracle(samples: list[list[Array]]) -> bytes:
    return b"".join(outputs[0].tobytes() for outputs in TFLM.run(dense(), samples))


def places(net: Source, folder: Path, *defines: str) -> dict[str, int]:
    """Symbol -> address, linked for a chip with CCM and external flash."""
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("no arm-none-eabi-gcc")
    board = boards.load("mps2-an386")
    unpack(project_files([net], board, "net"), folder)
    includes = [f"-I{folder / name}" for name in ("model", "kernels", "engines")]
    objects = []
    for path in [*folder.glob("model/*.c*"), *folder.glob("kernels/*.c")]:
        objects.append(path.with_suffix(".o"))
        cxx = ("arm-none-eabi-g++", "-std=c++17", "-fno-rtti", f"-I{TFLM_API}")
        compiler = cxx if path.suffix == ".cc" else ("arm-none-eabi-gcc", "-std=c11")
        flags = (*ARM, *WARNINGS, "-O2", "-fdata-sections", *includes, *defines)
        succeed(*compiler, *flags, "-c", "-o", objects[-1], path)
    elf = folder / "net.elf"
    link = ("-nostdlib", f"-T{HERE / 'memory.ld'}", "-Wl,--unresolved-symbols=ignore-all")
    keep = ("-Wl,-unet_model", "-Wl,-e,0")
    succeed("arm-none-eabi-gcc", *ARM, *link, *keep, "-o", elf, *objects)
    with elf.open("rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab")
        # C++ decorates the names of static variables.
        return {s.name.replace("_ZL9", ""): s["st_value"] for s in symbols.iter_symbols()}


def region(address: int) -> int:
    return address & 0xFFF00000


@pytest.mark.parametrize("engine", ["aot", "tflm"])
def test_arena_and_constants_lie_where_the_macros_say(
    net: Source, by_tflm: Source, tmp_path: Path, engine: str
) -> None:
    model, constant = (net, "net_op0_weights") if engine == "aot" else (by_tflm, "net_tflite")
    usual = places(model, tmp_path / "usual")
    assert region(usual["net_arena"]) == RAM and region(usual[constant]) == FLASH
    moved = places(
        model,
        tmp_path / "moved",
        '-DNET_ARENA_PLACEMENT=static __attribute__((section(".bss.ccm")))',
        '-DNET_CONSTANTS_PLACEMENT=__attribute__((section(".rodata.qspi")))',
    )
    assert region(moved["net_arena"]) == CCM and moved["net_arena"] % 16 == 0
    assert region(moved[constant]) == QSPI


@pytest.mark.parametrize(
    ("flavour", "how"),
    [
        *(("zephyr", how) for how in ("by_caller", "extern", "global")),
        *((flavour, "by_a_file") for flavour in ("zephyr", "arduino", "library")),
    ],
)
def test_a_buffer_of_the_caller_s_gives_the_oracle_s_bytes(
    net: Source, samples: list[list[Array]], oracle: bytes, tmp_path: Path, flavour: str, how: str
) -> None:
    folder = write([net], tmp_path / "project", flavour)
    size = net.arena_bytes
    buffer = f"static _Alignas(16) unsigned char buffer[{size}];\n"
    given = "if (net_set_arena(buffer, sizeof buffer) != MF_OK) { return 1; }"
    wrong = (
        "if (net_model.init() != MF_ERROR || net_model.invoke(NULL, NULL) != MF_ERROR) "
        "{ return 8; } if (net_set_arena(buffer + 1, sizeof buffer) != MF_ERROR || "
        "net_set_arena(NULL, sizeof buffer) != MF_ERROR || "
        f"net_set_arena(buffer, {size - 1}) != MF_ERROR) {{ return 9; }} "
    )
    before, first, define = {
        "by_caller": (buffer, wrong + given, "-DNET_ARENA_BY_CALLER=1"),
        "by_a_file": (buffer, given, "-DUNUSED"),
        "extern": (
            "extern uint8_t net_arena[]; _Alignas(16) uint8_t net_arena[NET_ARENA_BYTES];",
            "",
            "-DNET_ARENA_PLACEMENT=extern",
        ),
        "global": ("extern uint8_t net_arena[];", "net_arena[0] = 1;", "-DNET_ARENA_PLACEMENT="),
    }[how]
    if how == "by_a_file":
        beside = next(folder.rglob("net_config.h")).with_name("net_user_config.h")
        beside.write_text("#define NET_ARENA_BY_CALLER 1\n")
    main = tmp_path / "main.c"
    main.write_text(main_c(["net"], before, first))
    include = next(folder.rglob("net_model.h")).parent
    sources = [p for p in folder.rglob("*_*.c") if "application" not in p.name]
    flags = ("-std=c11", "-O1", *WARNINGS, *SANITIZERS, define, f"-I{include}")
    succeed("gcc", *flags, "-o", tmp_path / "program", main, *sources)
    assert run(tmp_path / "program", samples) == oracle


@pytest.mark.parametrize("engine", ["aot", "tflm"])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_flavour_has_the_macros(
    net: Source, by_tflm: Source, flavour: str, engine: str
) -> None:
    if engine == "tflm" and flavour == "library":
        pytest.skip("TFLM is not for libraries")
    each = net if engine == "aot" else by_tflm
    files = project_files([each], boards.load("mps2-an386"), "net", flavour)
    (config,) = (data.decode() for path, data in files.items() if path.endswith("net_config.h"))
    used = b"".join(d for p, d in files.items() if p.endswith((".c", ".cc", ".cpp"))).decode()
    for macro in ("ARENA_PLACEMENT", "ARENA_BY_CALLER", "CONSTANTS_PLACEMENT"):
        assert f"#ifndef NET_{macro}\n" in config and f"NET_{macro}" in used
