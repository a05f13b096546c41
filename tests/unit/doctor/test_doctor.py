"""The doctor finds what is there, and says how to get what is not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mcuforge import build, doctor
from mcuforge.doctor import Finding, Report, findings, packages, tools
from mcuforge.doctor.findings import Install

Script = Callable[[str, str], Path]
SHELL = "#!/bin/sh\n"


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Adds a shell script to the only folder on PATH."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))

    def add(name: str, body: str) -> Path:
        path = programs / name
        path.write_text(SHELL + body)
        path.chmod(0o755)
        return path

    return add


def by_name(found: list[Finding]) -> dict[str, Finding]:
    return {f.name: f for f in found}


def test_it_looks_without_importing_tensorflow() -> None:
    script = (
        "import sys; from mcuforge import doctor; doctor.check();"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)


def test_this_python_is_found() -> None:
    python = by_name(packages.findings())["Python"]
    assert python.ok
    assert python.where == sys.executable


def test_every_dependency_is_looked_for() -> None:
    content = tomllib.loads(
        (Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8")
    )
    wanted = content["project"]["dependencies"]
    for extra in ("train", "flash", "zig", "models", "report"):
        wanted += content["project"]["optional-dependencies"][extra]
    names = {re.split(r"[^\w-]", requirement)[0] for requirement in wanted}
    looked_for = {name for library in packages.LIBRARIES for name in library.distributions}
    assert names == looked_for | {"cmake", "ninja"}


def test_an_empty_machine_lacks_all_programs(script: Script) -> None:
    assert script
    found = by_name(tools.findings())
    here = {"cmake", "ninja"}  # the Python packages bring them
    assert {name for name, f in found.items() if f.ok} <= here
    report = Report(tuple(found.values()))
    assert not report.ok
    assert {f.name for f in report.missing} >= {"arm-none-eabi-gcc", "qemu-system-arm"}
    assert "gdb for Arm" not in {f.name for f in report.missing}
    advice = "\n".join(report.advice(everywhere=True))
    for system in ("Debian: apt install gcc-arm-none-eabi", "Fedora: dnf", "macOS: brew", "winget"):
        assert system in advice


def test_a_program_that_does_not_run_is_not_ok(script: Script) -> None:
    script("arm-none-eabi-objcopy", "echo wrong loader >&2; exit 126\n")
    found = by_name(tools.findings())["arm-none-eabi-objcopy"]
    assert not found.ok
    assert "does not run: wrong loader" in str(found.problem)


def test_a_compiler_without_newlib_is_found_out(script: Script) -> None:
    script(
        "arm-none-eabi-gcc",
        '[ "$1" = --version ] && echo "arm-none-eabi-gcc (15:12.2.rel1-1) 12.2.1 2022" && exit\n'
        "echo 'try.c:2:10: fatal error: string.h: No such file or directory' >&2; exit 1\n",
    )
    found = by_name(tools.findings())
    assert found["arm-none-eabi-gcc"].version == "12.2.1"
    assert found["arm-none-eabi-gcc"].ok
    assert not found["newlib for Arm"].ok
    assert "string.h" in str(found["newlib for Arm"].problem)
    assert "libnewlib-arm-none-eabi" in found["newlib for Arm"].install.debian


def test_qemu_without_a_board_is_not_enough(script: Script) -> None:
    script(
        "qemu-system-arm",
        'case "$1" in --version) echo "QEMU emulator version 5.2.0 (Debian)";;\n'
        "*) echo 'Supported machines are:'; echo 'mps2-an385  x'; echo 'mps2-an386  x';;esac\n",
    )
    found = by_name(tools.findings())["qemu-system-arm"]
    assert found.version == "5.2.0"
    assert "mps3-an547" in str(found.problem)
    assert "mps2-an385" not in str(found.problem)


def test_an_old_cmake_is_refused(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    old = script("cmake", "echo cmake version 3.18.4\n")
    monkeypatch.setattr(build, "tool", lambda _: str(old))
    found = by_name(tools.findings())["cmake"]
    assert found.problem == "3.18.4 is too old, 3.25 is needed"
    old.write_text(SHELL + "echo cmake version 3.25.0\n")
    assert by_name(tools.findings())["cmake"].ok


def test_a_gdb_without_arm_is_told(script: Script) -> None:
    script(
        "gdb",
        'case "$1" in --version) echo GNU gdb 13.1;; *) echo Undefined item; exit 1;;esac\n',
    )
    found = by_name(tools.findings())["gdb for Arm"]
    assert not found.ok
    assert "Undefined item" in str(found.problem)


def test_where_renode_is_looked_for(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MCUFORGE_RENODE", raising=False)
    monkeypatch.delenv("RENODE_ROOT", raising=False)
    on_path = script("renode", "echo Renode v1.15.3.0\n")
    root = tmp_path / "root"
    root.mkdir()
    in_root = root / "renode"
    in_root.write_bytes(on_path.read_bytes())
    in_root.chmod(0o755)
    assert tools.find_renode() == on_path
    monkeypatch.setenv("RENODE_ROOT", str(root))
    assert tools.find_renode() == in_root
    monkeypatch.setenv("MCUFORGE_RENODE", str(on_path))
    assert tools.find_renode() == on_path
    assert tools.find_renode(in_root) == in_root
    assert tools.find_renode(tmp_path / "nowhere") is None
    in_root.chmod(0o644)
    assert tools.find_renode(in_root) is None
    assert by_name(tools.findings())["renode"].version == "1.15.3.0"
    on_path.write_text(SHELL + "echo Renode v1.13.0\n")
    assert not by_name(tools.findings())["renode"].ok


def test_a_missing_library_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    real = packages.find_spec

    def without(name: str) -> ModuleSpec | None:
        return None if name in ("tensorflow", "skimage", "tflite_micro") else real(name)

    monkeypatch.setattr(packages, "find_spec", without)
    report = Report(tuple(packages.findings()))
    assert [f.name for f in report.missing] == ["tflite-micro"]
    assert {f.name for f in report.findings if not f.ok} == {
        *("tflite-micro", "tensorflow-cpu", "scikit-image")
    }
    advice = "\n".join(report.advice(everywhere=True))
    assert "pip install tflite-micro; Fedora" in advice
    assert "macOS: exists for Linux on x86-64 only" in advice
    assert advice.index("tensorflow-cpu") < advice.index("scikit-image")


@pytest.fixture
def report() -> Report:
    install = Install("apt install x", "dnf install x", "brew install x", "winget install x")
    return Report(
        (
            Finding("[here]", "a", True, install, "/bin/[here]", "1.0"),
            Finding("gone", "b", True, install),
            Finding("old", "c", False, install, "/bin/old", "0.1", "0.1 is too old"),
        )
    )


def test_the_table_shows_every_finding(report: Report) -> None:
    console = Console(width=200, record=True, file=None, quiet=False, stderr=True)
    with console.capture() as capture:
        console.print(doctor.table(report, wide=True))
    lines = [line.rstrip() for line in capture.get().splitlines()]
    rows = [" ".join(line.split()) for line in lines[1:4]]
    assert rows == [
        "ok [here] 1.0 a /bin/[here]",
        "missing gone - b -",
        "optional old 0.1 c: 0.1 is too old /bin/old",
    ]
    assert "Missing: gone (b)." in capture.get()
    assert f"- gone, old: {report.findings[0].install.here()}" in capture.get()


def test_json_holds_the_same(report: Report) -> None:
    content: dict[str, Any] = json.loads(json.dumps(doctor.as_json(report)))
    assert content["ok"] is False
    assert [(f["name"], f["ok"]) for f in content["findings"]] == [
        ("[here]", True),
        ("gone", False),
        ("old", False),
    ]
    assert content["findings"][1]["install"]["fedora"] == "dnf install x"


@pytest.mark.parametrize(
    ("system", "release", "expected"),
    [
        ("Linux", {"ID": "debian"}, "apt install x"),
        ("Linux", {"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, "dnf install x"),
        ("Darwin", {}, "brew install x"),
        ("Windows", {}, "winget install x"),
    ],
)
def test_advice_is_for_the_system_at_hand(
    report: Report,
    monkeypatch: pytest.MonkeyPatch,
    system: str,
    release: dict[str, str],
    expected: str,
) -> None:
    monkeypatch.setattr(findings.platform, "system", lambda: system)
    monkeypatch.setattr(findings.platform, "freedesktop_os_release", lambda: release)
    assert report.advice() == [f"gone, old: {expected}"]


def test_check_looks_for_programs_and_libraries() -> None:
    names = {f.name for f in doctor.check().findings}
    assert {"qemu-system-arm", "tflite-micro", "Python", "renode"} <= names


def test_where_tensorflow_lite_micro_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> Finding:
        return by_name(tools.findings())["TensorFlow Lite Micro"]

    monkeypatch.delenv("TFLM_ROOT", raising=False)
    assert found().where is None and not found().required
    assert "TFLM_ROOT" in found().install.here()
    monkeypatch.setenv("TFLM_ROOT", str(tmp_path / "nowhere"))
    assert found().problem == "TFLM_ROOT: no such folder"
    monkeypatch.setenv("TFLM_ROOT", str(tmp_path))
    assert found().problem == "holds no libtensorflow-microlite.a"
    library = tmp_path / "gen/cortex_m_generic_cortex-m4+fp_default_gcc/lib"
    library.mkdir(parents=True)
    (library / "libtensorflow-microlite.a").write_bytes(b"!<arch>\n")
    assert "no MicroInterpreter in it" in str(found().problem)
