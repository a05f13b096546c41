#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes a checkout ready to work in: compilers and simulators from the system's packages, Python
# packages in .venv. Quick where nothing is missing; may be run again at any time, also after it was
# interrupted. With apt it installs what is missing (as root or through sudo); elsewhere it says what
# to install. PYTHON=... chooses the Python.
set -eu

cd "$(dirname "$0")/.."
VENV=.venv
STAMP=$VENV/.mcuforge-ready
OURS=$VENV/.mcuforge-made
LOG=

say() { printf '%s\n' "$*" >&2; }
die() { say "setup: $*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# Runs a command without a word, unless it fails.
quietly() {
    LOG=$(mktemp)
    if "$@" >"$LOG" 2>&1 </dev/null; then
        rm -f "$LOG"
    else
        tail -n 40 "$LOG" >&2
        rm -f "$LOG"
        return 1
    fi
}

# --- System packages ---------------------------------------------------------------------------

has_newlib() { echo '#include <string.h>' | arm-none-eabi-gcc -E -x c - >/dev/null 2>&1; }

# gcc alone does not link: Debian's only recommends the C library's headers.
has_host_compiler() {
    scratch=$(mktemp -d)
    echo 'int main(void) { return 0; }' >"$scratch/a.c"
    status=0
    gcc -fsanitize=address,undefined -include stdio.h -o "$scratch/a" "$scratch/a.c" \
        >/dev/null 2>&1 || status=1
    rm -rf "$scratch"
    return $status
}

# Debian's names of what is missing.
missing_packages() {
    has arm-none-eabi-gcc || echo gcc-arm-none-eabi
    has_newlib || echo libnewlib-arm-none-eabi
    has qemu-system-arm || echo qemu-system-arm
    has gdb-multiarch || has arm-none-eabi-gdb || echo gdb-multiarch
    has_host_compiler || echo gcc libc6-dev
    has g++ || echo g++
    [ -n "$(find_python)" ] || echo python3 python3-venv
}

# Compilers, a simulator, a browser and a database that a few tests use, which are skipped without:
# `setup.sh tests` installs them where it can.
missing_test_packages() {
    has riscv64-unknown-elf-gcc || echo gcc-riscv64-unknown-elf
    has xtensa-lx106-elf-gcc || echo gcc-xtensa-lx106
    echo '#include <avr/io.h>' | avr-gcc -mmcu=atmega2560 -E -x c - >/dev/null 2>&1 ||
        echo gcc-avr avr-libc
    has simavr || echo simavr
    has chromium || has chromium-browser || has google-chrome || echo chromium
    has ccache || echo ccache
    has pg_ctlcluster || has postgres || echo postgresql
    # Not every Debian has it, and one name that is unknown would keep the others out.
    if ! has arduino-builder && apt-cache show arduino-builder >/dev/null 2>&1; then
        echo arduino-builder arduino-core-avr
    fi
}

can_install() { has apt-get && { [ "$(id -u)" = 0 ] || has sudo; }; }

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif [ -t 0 ] && [ -z "${CI:-}" ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

apt_get() {
    quietly as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o DPkg::Lock::Timeout=300 "$@"
}

install_packages() {
    if ! has apt-get; then
        say "setup: this machine lacks (Debian's names): $*"
        say "  Fedora:  dnf install gcc gcc-c++ arm-none-eabi-gcc-cs arm-none-eabi-newlib qemu-system-arm" \
            "gdb libasan libubsan python3"
        say "  macOS:   xcode-select --install; brew install --cask gcc-arm-embedded;" \
            "brew install qemu python"
        say "  Windows: use Debian or Ubuntu in WSL"
        die "install them, then run make again."
    fi
    if [ "$(id -u)" != 0 ] && ! has sudo; then
        die "needs root, and there is no sudo. As root: apt-get install -y $*"
    fi
    say "setup: installing Debian packages: $*"
    # Asking for the password here, while it can still be seen.
    [ "$(id -u)" = 0 ] || as_root true || die "as root: apt-get install -y $*"
    # Lists may be stale, or missing altogether; a source that fails need not be one we use.
    apt_get update || say "setup: apt-get update failed; trying with the lists at hand"
    apt_get install --no-install-recommends "$@" && return
    # An installation that was interrupted blocks the next one.
    quietly as_root dpkg --configure -a || true
    apt_get install --no-install-recommends "$@" || die "apt-get install failed, see above."
}

# --- Python ------------------------------------------------------------------------------------

# Prints a Python that can make a virtual environment and that TensorFlow has wheels for, or nothing.
# Runs each candidate: a shim of pyenv may name a version that is not installed, and a Python that
# somebody compiled may lack modules.
find_python() {
    for candidate in ${PYTHON:-python3 python3.11 python3.12 python3.13 \
        /usr/bin/python3 /usr/bin/python3.11}; do
        if "$candidate" -c 'import sys, venv, ensurepip, ssl, zlib, bz2, lzma, ctypes
sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
}

# What the environment was made from: it is made again where this changes.
fingerprint() { { pwd; cat pyproject.toml; } | cksum; }

is_ready() {
    [ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$(fingerprint)" ] && "$VENV/bin/python" -c '' 2>/dev/null
}

make_environment() {
    python=$(find_python)
    [ -n "$python" ] || die "no Python 3.11 to 3.13 with venv and ssl was found" \
        "(PYTHON=${PYTHON:-unset} chooses one)."
    # One that we made and did not finish, or that lost its Python, is of no use.
    if [ -f "$OURS" ] && { [ ! -f "$STAMP" ] || ! "$VENV/bin/python" -c '' 2>/dev/null; }; then
        rm -rf "$VENV"
    fi
    if [ ! -d "$VENV" ]; then
        mkdir "$VENV"
        : >"$OURS"
        quietly "$python" -m venv "$VENV" || die "$python -m venv failed, see above."
    fi
    rm -f "$STAMP"
    say "setup: installing Python packages into $VENV (once; takes a few minutes)"
    quietly "$VENV/bin/python" -m pip --disable-pip-version-check install --no-input \
        -e '.[train,models,dev]' || die "pip install failed, see above. Is the network reachable?"
    fingerprint >"$STAMP"
}

trap 'rm -f "$LOG"' EXIT
trap 'exit 130' INT TERM HUP

# Two makes at once: one works, the other waits.
if has flock; then
    exec 9<pyproject.toml
    flock 9
fi
packages=$(missing_packages | tr '\n' ' ')
# Splitting is wanted: one word a package.
# shellcheck disable=SC2086
[ -z "$packages" ] || install_packages $packages
if [ "${1:-}" = tests ] && can_install; then
    packages=$(missing_test_packages | tr '\n' ' ')
    # In a shell of its own, so that its end is not ours.
    # shellcheck disable=SC2086
    [ -z "$packages" ] || (install_packages $packages) || say "setup: some tests will be skipped"
fi
is_ready || make_environment
