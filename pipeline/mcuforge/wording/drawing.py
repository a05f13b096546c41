"""Whether matplotlib is there, which draws pictures."""

from __future__ import annotations

from importlib.util import find_spec

from mcuforge.errors import ToolError
from mcuforge.wording import extras


def can_draw() -> bool:
    """True where matplotlib is installed."""
    return find_spec("matplotlib") is not None


def require() -> None:
    """Raise `ToolError` without matplotlib."""
    if not can_draw():
        raise ToolError(
            f"The picture needs matplotlib, which is not installed: {extras.pip_install('plot')}"
        )
