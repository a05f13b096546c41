"""The list of all variants, fastest first where several replace one kernel."""

from __future__ import annotations

from mcuforge.planning.variants import Variant

VARIANTS: tuple[Variant, ...] = ()
