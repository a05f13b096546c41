"""The programs that are not Python: found, asked for their version, and tried out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mcuforge import boards, build, engines
from mcuforge.boards.renode_machine import MINIMUM as _MIN_RENODE
from mcuforge.doctor.findings import Finding, Install
from mcuforge.engines import tflm_library
from mcuforge.errors import ForgeError, ToolError
from mcuforge.processes import groups, scratch
from mcuforge.simulate.renode_program import find_renode as find_renode
from mcuforge.wording import extras

_TIMEOUT_S = 20.0
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)*")
_MIN_CMAKE = (3, 25)

_ARM_ELSEWHERE = (
    "brew install --cask gcc-arm-embedded",
    "winget install Arm.GnuArmEmbeddedToolchain",
)
_PIP_CMAKE = Install(*[extras.pip_package("cmake")] * 4)
_PIP_NINJA = Install(*[extras.pip_package("ninja")] * 4)
_ARM_GCC = Install(
    "apt install gcc-arm-none-eabi", "dnf install arm-none-eabi-gcc-cs", *_ARM_ELSEWHERE
)
_NEWLIB = Install(
    "apt install libnewlib-arm-none-eabi", "dnf install arm-none-eabi-newlib", *_ARM_ELSEWHERE
)
_BINUTILS = Install(
    "apt install binutils-arm-none-eabi", "dnf install arm-none-eabi-binutils-cs", *_ARM_ELSEWHERE
)
_QEMU = Install(
    "apt install qemu-system-arm", "dnf install qemu-system-arm", "brew install qemu",
    "winget install SoftwareFreedomConservancy.QEMU",
)  # fmt: skip
_GDB = Install("apt install gdb-multiarch", "dnf install gdb", *_ARM_ELSEWHERE)
_HOST_CC = Install(
    "apt install gcc libc6-dev", "dnf install gcc", "xcode-select --install", "use WSL"
)
_SANITIZERS = Install(
    "apt install gcc libc6-dev", "dnf install libasan libubsan", "xcode-select --install", "use WSL"
)
_CCACHE = Install(
    "apt install ccache",
    "dnf install ccache",
    "brew install ccache",
    "winget install Ccache.Ccache",
)
_RENODE_PORTABLE = "unpack a portable Renode and set MCUFORGE_RENODE to its `renode` program"
_RENODE = Install(
    _RENODE_PORTABLE, _RENODE_PORTABLE, "brew install renode", "winget install Antmicro.Renode"
)

# Links against the C library, so that a compiler without one is found out.
_ARM_PROGRAM = """#include <stdint.h>
#include <string.h>
int main(int count, char **blocks) {
    memmove(blocks[0], blocks[1], (size_t)count);
    return 0;
}
"""
_HOST_PROGRAM = "int main(void) { return 0; }\n"


def findings(renode: Path | None = None) -> list[Finding]:
    """Every program."""
    arm_gcc = _program("arm-none-eabi-gcc", "building firmware", True, _ARM_GCC)
    host = _host_compiler()
    return [
        _cmake(),
        _build_tool("ninja", _PIP_NINJA),
        arm_gcc,
        _newlib(arm_gcc),
        _program("arm-none-eabi-objcopy", "HEX and BIN files", True, _BINUTILS),
        _qemu(),
        host,
        _sanitizers(host),
        _program("ccache", "building again in less time", False, _CCACHE),
        _debugger(),
        _renode(renode),
        _tflm(),
    ]


def _program(name: str, needed_for: str, required: bool, install: Install) -> Finding:
    finding = Finding(name, needed_for, required, install, shutil.which(name))
    return _asked(finding)


def _asked(finding: Finding) -> Finding:
    """The finding with the version that the program tells."""
    if finding.where is None:
        return finding
    code, output = _run([finding.where, "--version"])
    if code != 0:
        return replace(finding, problem=f"{finding.where} does not run: {_first_line(output)}")
    match = _VERSION.search(_without_parentheses(_first_line(output)))
    return replace(finding, version=match.group() if match else None)


def _build_tool(name: str, install: Install) -> Finding:
    try:
        where = build.tool(name)
    except ForgeError:
        where = None
    return _asked(Finding(name, "building firmware", True, install, where))


def _cmake() -> Finding:
    return _at_least(_build_tool("cmake", _PIP_CMAKE), _MIN_CMAKE)


def _at_least(finding: Finding, minimum: tuple[int, ...]) -> Finding:
    if finding.version is None or _numbers(finding.version) >= minimum:
        return finding
    wanted = ".".join(map(str, minimum))
    return replace(finding, problem=f"{finding.version} is too old, {wanted} is needed")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _newlib(compiler: Finding) -> Finding:
    """The C library for Arm, tried by linking a program for every board's core."""
    finding = Finding("newlib for Arm", "building firmware", True, _NEWLIB)
    if not compiler.ok or compiler.where is None:
        return replace(finding, problem="cannot be tried without arm-none-eabi-gcc")
    for flags in dict.fromkeys(b.flags for b in boards.available() if not b.is_host):
        link = [compiler.where, *flags, "-nostartfiles", "-Wl,--entry=main"]
        code, output = _compile(link, _ARM_PROGRAM)
        if code != 0:
            return replace(finding, problem=f"no program links with {flags[0]}: {_error(output)}")
    _, library = _run([compiler.where, "-print-file-name=libc.a"])
    return replace(finding, where=str(Path(library.strip()).resolve()))


def _qemu() -> Finding:
    finding = _program("qemu-system-arm", "the simulated boards", True, _QEMU)
    if not finding.ok or finding.where is None:
        return finding
    _, listing = _run([finding.where, "-M", "help"])
    known = {line.split()[0] for line in listing.splitlines() if line.strip()}
    wanted = {b.qemu_machine for b in boards.available() if b.qemu_machine}
    missing = sorted(wanted - known)
    problem = f"it lacks the machines {', '.join(missing)}" if missing else None
    return replace(finding, problem=problem)


def _host_compiler() -> Finding:
    where = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    finding = _asked(Finding("C compiler", "comparing with the host", True, _HOST_CC, where))
    if not finding.ok or where is None:
        return finding
    code, output = _compile([where], _HOST_PROGRAM)
    return finding if code == 0 else replace(finding, problem=f"cannot link: {_error(output)}")


def _sanitizers(compiler: Finding) -> Finding:
    finding = Finding("ASan and UBSan", "mcuforge's own tests", False, _SANITIZERS)
    if not compiler.ok or compiler.where is None:
        return finding
    code, output = _compile([compiler.where, "-fsanitize=address,undefined"], _HOST_PROGRAM)
    if code != 0:
        return replace(finding, problem=_error(output))
    return replace(finding, where=compiler.where, version=compiler.version)


def _debugger() -> Finding:
    names = ("gdb-multiarch", "arm-none-eabi-gdb", "gdb")
    where = next(filter(None, map(shutil.which, names)), None)
    finding = _asked(Finding("gdb for Arm", "debugging firmware", False, _GDB, where))
    if not finding.ok or where is None:
        return finding
    code, output = _run([where, "-nx", "-batch", "-ex", "set architecture armv7e-m"])
    return finding if code == 0 else replace(finding, problem=f"no Arm: {_first_line(output)}")


def _renode(explicit: Path | None) -> Finding:
    where = find_renode(explicit)
    finding = Finding(
        "renode", "the Renode simulator", False, _RENODE, str(where) if where else None
    )
    return _at_least(_asked(finding), _MIN_RENODE)


def _tflm() -> Finding:
    """TensorFlow Lite Micro, where the environment names it; its own build says no version."""
    root = engines.root()
    words = f"set {engines.ROOT} to a checkout with its library built: {engines.GUIDE}"
    finding = Finding("TensorFlow Lite Micro", "--engine tflm", False, Install(*[words] * 4))
    if root is None:
        return finding
    if not root.is_dir():
        return replace(finding, where=str(root), problem=f"{engines.ROOT}: no such folder")
    found = sorted(root.rglob(tflm_library.FILE))
    if not found:
        return replace(finding, where=str(root), problem=f"holds no {tflm_library.FILE}")
    try:
        titles = [tflm_library.describe(path).title(root) for path in found]
    except ToolError as error:
        return replace(finding, where=str(root), problem=error.message)
    return replace(finding, where=f"{root}: {'; '.join(titles)}")


def _compile(command: Sequence[str], program: str) -> tuple[int, str]:
    with scratch.folder() as folder:
        source = folder / "try.c"
        source.write_text(program, encoding="ascii")
        return _run([*command, str(source), "-o", str(folder / "try")])


def _run(command: Sequence[str]) -> tuple[int, str]:
    """Exit code and output, both streams; 127 where the program cannot be run."""
    try:
        done = groups.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=_TIMEOUT_S, env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return 127, f"no answer within {_TIMEOUT_S:g} s"
    except OSError as error:
        return 127, str(error.strerror)
    return done.returncode, done.stdout.decode(errors="replace")


def _first_line(output: str) -> str:
    return next((line.strip() for line in output.splitlines() if line.strip()), "no output")


def _error(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if "error" in line or "cannot" in line]
    return lines[0] if lines else _first_line(output)


def _without_parentheses(line: str) -> str:
    """Distributors put versions of their own there."""
    return re.sub(r"\([^)]*\)", "", line)
