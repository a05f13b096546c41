"""tools/setup.sh, with programs that only write down how they were called."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COREUTILS = (
    *("sh", "cat", "cksum", "cp", "dirname", "env", "id", "mkdir", "mktemp", "rm", "tail", "tr"),
    *("chmod", "touch"),
)
# Makes environments whose Python is itself, and installs nothing.
PYTHON = """
case "$1 $2" in
    "-m venv") mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
    "-m pip") [ ! -f "$CHECKOUT/pip-fails" ] ;;
esac
"""
# Installs what it is told to: an empty program, or the C library that makes the compiler work.
APT = """
for last; do
    case "$last" in
        gcc-arm-none-eabi) p=arm-none-eabi-gcc ;;
        gcc-riscv64-unknown-elf) p=riscv64-unknown-elf-gcc ;;
        gcc-xtensa-lx106) p=xtensa-lx106-elf-gcc ;;
        gcc-avr) p=avr-gcc ;;
        postgresql) p=pg_ctlcluster ;;
        qemu-system-arm | gdb-multiarch | simavr | chromium | ccache) p=$last ;;
        *) continue ;;
    esac
    printf '#!/bin/sh\\n' >"$CHECKOUT/bin/$p"; chmod +x "$CHECKOUT/bin/$p"
done
"""


@dataclass(frozen=True)
class Machine:
    """A checkout with a `bin` folder that is all of PATH."""

    checkout: Path

    def program(self, name: str, body: str = "") -> None:
        path = self.checkout / "bin" / name
        log = f'echo "{name} $*" >>"$CHECKOUT/log"\n'
        path.write_text(f"#!/bin/sh\n{log}{body}", encoding="ascii")
        path.chmod(0o755)

    def setup(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": str(self.checkout / "bin"),
            "CHECKOUT": str(self.checkout),
            "PYTHON": "python3",
            "CI": "true",
        }
        return subprocess.run(
            ["sh", "tools/setup.sh", *arguments],
            cwd=self.checkout,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self, name: str) -> list[str]:
        """How a program was called since the last time this was asked."""
        log = self.checkout / "log"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return [line for line in lines if line.startswith(name)]

    def forget(self) -> None:
        (self.checkout / "log").unlink(missing_ok=True)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """One with Python, gcc and g++, nothing else, and no package manager."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "tools" / "setup.sh", tmp_path / "tools")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in COREUTILS:
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    made = Machine(tmp_path)
    made.program("python3", PYTHON)
    made.program("gcc")
    made.program("g++")
    return made


@pytest.fixture
def debian(machine: Machine) -> Machine:
    """The same as root, or with sudo, and with apt."""
    machine.program("apt-get", APT)
    machine.program("dpkg")
    machine.program("sudo", '[ "$1" = -n ] && shift; "$@"\n')
    return machine


def test_without_apt_it_says_what_to_install(machine: Machine) -> None:
    done = machine.setup()
    assert done.returncode == 1
    for part in ("gcc-arm-none-eabi", "dnf install", "brew install", "WSL", "then run make again"):
        assert part in done.stderr
    assert not (machine.checkout / ".venv").exists()


def test_only_what_is_missing_is_installed_and_lists_come_first(debian: Machine) -> None:
    debian.program("qemu-system-arm")
    done = debian.setup()
    assert done.returncode == 0, done.stderr
    update, install = debian.calls("apt-get")
    assert update.endswith(" update")
    assert install.endswith(
        "install --no-install-recommends gcc-arm-none-eabi libnewlib-arm-none-eabi gdb-multiarch"
    )
    assert debian.calls("python3 -m pip")[0].endswith("-e .[train,models,dev]")


def test_the_second_run_does_nothing(debian: Machine) -> None:
    debian.setup()
    debian.forget()
    done = debian.setup()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not debian.calls("apt-get")
    assert not debian.calls("python3 -m")


def test_changed_dependencies_are_installed(debian: Machine) -> None:
    debian.setup()
    debian.forget()
    with (debian.checkout / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    assert debian.setup().returncode == 0
    assert len(debian.calls("python3 -m pip")) == 1
    assert not debian.calls("python3 -m venv")


def test_an_interrupted_environment_is_made_again(debian: Machine) -> None:
    (debian.checkout / "pip-fails").touch()
    failed = debian.setup()
    assert failed.returncode == 1
    assert "pip install failed" in failed.stderr
    (debian.checkout / ".venv" / "half-installed").touch()
    (debian.checkout / "pip-fails").unlink()
    assert debian.setup().returncode == 0
    assert not (debian.checkout / ".venv" / "half-installed").exists()


def test_an_environment_of_the_users_own_is_kept(debian: Machine) -> None:
    programs = debian.checkout / ".venv" / "bin"
    programs.mkdir(parents=True)
    shutil.copy(debian.checkout / "bin" / "python3", programs / "python")
    (programs / "mine").touch()
    assert debian.setup().returncode == 0
    assert (programs / "mine").exists()


def test_a_failing_apt_is_retried_after_repair_and_then_shown(debian: Machine) -> None:
    debian.program("apt-get", 'case "$*" in *install*) echo E: broken; exit 100;; esac\n')
    done = debian.setup()
    assert done.returncode == 1
    assert "E: broken" in done.stderr
    assert "apt-get install failed" in done.stderr
    assert debian.calls("dpkg") == ["dpkg --configure -a"]


def test_stale_lists_that_cannot_be_renewed_do_not_stop_it(debian: Machine) -> None:
    debian.program("apt-get", f'case "$*" in *update*) exit 100;; esac\n{APT}')
    assert debian.setup().returncode == 0


def test_compilers_of_tests_are_installed_for_tests_alone(debian: Machine) -> None:
    debian.setup()
    assert not any("riscv64" in call for call in debian.calls("apt-get"))
    debian.forget()
    assert debian.setup("tests").returncode == 0
    assert debian.calls("apt-get")[-1].endswith(
        "gcc-riscv64-unknown-elf gcc-xtensa-lx106 gcc-avr avr-libc simavr chromium "
        "ccache postgresql"
    )
    debian.forget()
    assert debian.setup("tests").stderr == ""
    assert not debian.calls("apt-get")


def test_tests_do_without_their_compilers_where_these_cannot_be_installed(
    debian: Machine,
) -> None:
    debian.setup()
    debian.program("apt-get", 'case "$*" in *install*) echo E: broken; exit 100;; esac\n')
    done = debian.setup("tests")
    assert done.returncode == 0
    assert "some tests will be skipped" in done.stderr
    (debian.checkout / "bin" / "apt-get").unlink()
    assert debian.setup("tests").stderr == ""


def test_a_python_that_does_not_serve_is_told(machine: Machine) -> None:
    for name in ("arm-none-eabi-gcc", "qemu-system-arm", "gdb-multiarch", "apt-get", "sudo"):
        machine.program(name)
    machine.program("python3", "exit 1\n")
    done = machine.setup()
    assert done.returncode == 1
    assert machine.calls("apt-get")[1].endswith("python3 python3-venv")
    assert "no Python 3.11 to 3.13" in done.stderr
