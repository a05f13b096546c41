"""Whether matplotlib is there, which draws pictures."""

from __future__ import annotations

from importlib.util import find_spec

from mcuforge.errors import ToolError
from mcuforge.wording import extras


def can_draw() -> bool:
    """True where matplotlib is installed."""
    return find_spec("matplotlib") is not None


def require(can: bool | None = None) -> None:
    """Raise `ToolError` without matplotlib; `can` is what `can_draw` said, if it was asked."""
    if not (can_draw() if can is None else can):
        raise ToolError(
            f"The picture needs matplotlib, which is not installed: {extras.pip_install('report')}"
        )
