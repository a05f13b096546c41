"""What reading a damaged ELF raises."""

from __future__ import annotations

import struct

from elftools.common.exceptions import DWARFError, ELFError

# pyelftools checks little of what a file claims, so that nonsense surfaces as any of these.
ELF_ERRORS = (
    OSError, ELFError, DWARFError, struct.error, AssertionError, AttributeError, LookupError,
    MemoryError, OverflowError, RecursionError, TypeError, ValueError,
)  # fmt: skip
