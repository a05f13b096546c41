"""The extras as each platform sees them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[3]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]


def _names(extra: str, platform: str, machine: str) -> set[str]:
    environment = {"sys_platform": platform, "platform_machine": machine}
    listed = map(Requirement, EXTRAS[extra])
    return {r.name for r in listed if r.marker is None or r.marker.evaluate(environment)}


@pytest.mark.parametrize(
    ("platform", "machine", "tensorflow"),
    [
        ("linux", "x86_64", "tensorflow-cpu"),
        ("win32", "AMD64", "tensorflow-cpu"),
        ("linux", "aarch64", "tensorflow"),
        ("darwin", "arm64", "tensorflow"),
        ("win32", "ARM64", "tensorflow"),
    ],
)
def test_every_platform_gets_one_tensorflow(platform: str, machine: str, tensorflow: str) -> None:
    names = _names("train", platform, machine)
    assert names & {"tensorflow", "tensorflow-cpu"} == {tensorflow}


def test_the_shipped_models_have_an_extra_of_their_own() -> None:
    assert not {n for n in _names("train", "linux", "x86_64") if n.startswith("scikit")}
    assert _names("models", "linux", "x86_64") == {"scikit-learn", "scikit-image"}
    setup = (ROOT / "tools" / "setup.sh").read_text(encoding="utf-8")
    assert "'.[train,models,dev]'" in setup


def test_only_what_the_extra_models_is_for_uses_it() -> None:
    users = {
        path.relative_to(ROOT).parts[:4]
        for folder in ("pipeline", "models")
        for path in (ROOT / folder).rglob("*.py")
        if any(
            line.lstrip().startswith((f"from {name}", f"import {name}"))
            for line in path.read_text(encoding="utf-8").splitlines()
            for name in ("sklearn", "skimage")
        )
    }
    ours = {parts for parts in users if parts[0] == "pipeline"}
    assert ours <= {("pipeline", "mcuforge", "studies", "explore")}
