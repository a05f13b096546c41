"""What instructions a core has: it decides the kernels and how weights are packed for them."""

from __future__ import annotations

from enum import Enum

from mcuforge.boards import Board


class Target(Enum):
    """A family of cores that run the same kernels on the same packed weights."""

    PORTABLE = "portable"  # no more than C: Cortex-M0, M0+, M3, and computers
    DSP = "dsp"  # SXTB16, SMLAD, SMMLAR: Cortex-M4, M7, M33
    HELIUM = "helium"  # vectors of 16 bytes: Cortex-M55

    @classmethod
    def of(cls, board: Board) -> Target:
        """The target of a board's core. A computer runs the portable kernels."""
        if board.core is None:
            return cls.PORTABLE
        if board.core.helium:
            return cls.HELIUM
        return cls.DSP if board.core.dsp else cls.PORTABLE
