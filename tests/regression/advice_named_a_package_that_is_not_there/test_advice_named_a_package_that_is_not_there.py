"""Advice on installing follows from how mcuforge was installed; no message goes around it."""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

from mcuforge.wording import extras

ROOT = Path(__file__).parents[3]


class _Installed:
    """A distribution that pip installed from `url`; None: from an index."""

    def __init__(self, url: str | None) -> None:
        self._url = url

    def read_text(self, _: str) -> str | None:
        return None if self._url is None else json.dumps({"url": self._url})


@pytest.fixture(autouse=True)
def _pip_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    beside = str(Path(sys.executable).parent / "pip")
    monkeypatch.setattr(extras.shutil, "which", lambda _: beside)


def _installed_from(url: str | None, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(extras, "_CHECKOUT", folder / "site-packages")
    monkeypatch.setattr(metadata, "distribution", lambda _: _Installed(url))


def test_in_a_checkout() -> None:
    assert extras.pip_install("train") == f"pip install -e '{ROOT}[train]'"


@pytest.mark.parametrize("name", ["mcuforge-0.1.0-py3-none-any.whl", "a folder"])
def test_from_a_wheel_or_a_folder(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / name
    source.mkdir()
    _installed_from(source.as_uri(), monkeypatch, tmp_path)
    assert extras.pip_install("report") == f"pip install '{source}[report]'"


@pytest.mark.parametrize("url", [None, "file:///gone/mcuforge.whl", "https://example.org/m.whl"])
def test_the_packages_themselves(
    url: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _installed_from(url, monkeypatch, tmp_path)
    listed = ["numpy>=1.26", 'matplotlib>=3.8; extra == "plot"', 'pyocd; extra == "flash"']
    listed += ['nothing; sys_platform == "toaster" and extra == "plot"']
    monkeypatch.setattr(metadata, "requires", lambda _: listed)
    assert extras.pip_install("plot") == "pip install 'matplotlib>=3.8'"


def test_another_pip_is_not_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the environment is not activated: `pip` is that of the system."""
    monkeypatch.setattr(extras.shutil, "which", lambda _: "/usr/bin/pip")
    assert extras.pip_package("cmake") == f"{sys.executable} -m pip install cmake"


def test_no_message_names_the_package() -> None:
    texts = [*ROOT.glob("pipeline/**/*.py"), *ROOT.glob("docs/**/*.md"), ROOT / "README.md"]
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in texts
        if path.name != "extras.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"pip install '?mcuforge\[", line)
        or (path.suffix == ".py" and re.search(r"pip install \w", line))
    ]
    assert found == []
