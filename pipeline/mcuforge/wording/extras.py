"""How the optional parts of mcuforge are installed: by pip, from where mcuforge itself came.

mcuforge is in no package index, so the extra is named beside the checkout or the wheel that it was
installed from. Where neither is there any more, the extra's requirements are named themselves.
"""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

_CHECKOUT = Path(__file__).resolve().parents[3]
_DISTRIBUTION = "mcuforge"


def pip_install(extra: str) -> str:
    """The command that installs an extra, such as `pip install -e '/home/me/mcuforge[train]'`."""
    if (_CHECKOUT / "pyproject.toml").is_file():
        return f"{_pip()} install -e {shlex.quote(f'{_CHECKOUT}[{extra}]')}"
    source = _installed_from()
    if source is not None:
        return f"{_pip()} install {shlex.quote(f'{source}[{extra}]')}"
    return f"{_pip()} install {' '.join(map(shlex.quote, _requirements(extra)))}"


def pip_package(name: str) -> str:
    """The command that installs a package that is in Python's index."""
    return f"{_pip()} install {name}"


def _pip() -> str:
    """`pip`, where that is the one of the Python that runs mcuforge."""
    found = shutil.which("pip")
    if found is not None and Path(found).parent == Path(sys.executable).parent:
        return "pip"
    return f"{shlex.quote(sys.executable)} -m pip"


def _installed_from() -> Path | None:
    """The folder or the wheel that pip installed mcuforge from, if it is still there."""
    try:
        text = metadata.distribution(_DISTRIBUTION).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return None
    parts = urlsplit(json.loads(text)["url"]) if text else None
    if parts is None or parts.scheme != "file":
        return None
    path = Path(unquote(parts.path))
    return path if path.exists() else None


def _requirements(extra: str) -> list[str]:
    """What the extra needs on this computer."""
    from packaging.requirements import Requirement

    try:
        listed = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return [f"{_DISTRIBUTION}[{extra}]"]
    wanted = []
    for requirement in map(Requirement, listed):
        marker = requirement.marker
        if marker and marker.evaluate({"extra": extra}) and not marker.evaluate({"extra": ""}):
            wanted.append(f"{requirement.name}{requirement.specifier}")
    return wanted
