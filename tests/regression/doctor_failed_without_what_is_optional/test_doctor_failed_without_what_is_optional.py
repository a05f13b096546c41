"""`doctor` fails for what the main job needs, and for nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.machinery import ModuleSpec

import pytest
from command_line import mcuforge

from mcuforge.doctor import packages, tools
from mcuforge.doctor.findings import Finding, Install

_TOOL = Finding("tool", "building firmware", True, Install(*["apt install tool"] * 4), "/bin/tool")


def _machine(monkeypatch: pytest.MonkeyPatch, *found: Finding, without: tuple[str, ...]) -> None:
    """A machine with these tools, and without these modules."""
    real = packages.find_spec

    def find_spec(name: str) -> ModuleSpec | None:
        return None if name in without else real(name)

    monkeypatch.setattr(packages, "find_spec", find_spec)
    monkeypatch.setattr(tools, "findings", lambda _: list(found))


_OPTIONAL = ("tensorflow", "keras", "litert_quantizer", "sklearn", "skimage", "pyocd", "ziglang")


@pytest.mark.parametrize("missing", [*_OPTIONAL, "matplotlib"])
def test_what_is_optional(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, _TOOL, without=(missing,))
    outcome = mcuforge("doctor")
    assert outcome.code == 0, outcome
    (library,) = [found for found in packages.LIBRARIES if found.module == missing]
    assert library.needed_for in " ".join(outcome.stdout.split())
    assert f"[{library.extra}]" in outcome.stdout  # how to get it
    document = json.loads(mcuforge("doctor", "--json").stdout)
    assert document["ok"] and "error" not in document


def test_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, replace(_TOOL, where=None), without=("cobs",))
    outcome = mcuforge("doctor", "--json")
    outcome.refused(1, "tool (building firmware)", "cobs (talking to simulators")
    document = json.loads(outcome.stdout)
    assert document["error"]["kind"] == "tool" and not document["ok"]
    assert {f["name"] for f in document["findings"] if not f["ok"]} == {"tool", "cobs"}


@pytest.mark.parametrize(("qemu", "renode", "code"), [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_one_simulator_is_enough(
    qemu: int, renode: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulators = [
        replace(_TOOL, name=name, required=required, where="/bin/x" if there else None)
        for name, required, there in (("qemu-system-arm", True, qemu), ("renode", False, renode))
    ]
    _machine(monkeypatch, *simulators, without=())
    assert mcuforge("doctor").code == code


def test_it_fits_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """It used to print 90 lines."""
    monkeypatch.setenv("COLUMNS", "80")
    _machine(monkeypatch, *[replace(_TOOL, name=f"tool {n}") for n in range(11)], without=())
    lines = mcuforge("doctor").stdout.splitlines()
    assert len(lines) < 60
    assert all(len(line) <= 80 and "…" not in line for line in lines)
