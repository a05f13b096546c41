"""Names that come from a model, made identifiers of C. The only place where that happens."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mcuforge.frontend.border_names import unique

_RESERVED = frozenset(
    """alignas alignof auto bool break case char const constexpr continue default do double
    else enum extern false float for goto if inline int long nullptr register restrict return
    short signed sizeof static static_assert struct switch thread_local true typedef typeof
    typeof_unqual union unsigned void volatile while main errno NULL asm and and_eq bitand
    bitor compl not not_eq or or_eq xor xor_eq catch class delete explicit export friend
    mutable namespace new operator private protected public template this throw try typename
    using virtual mf mcuforge nn""".split()  # noqa: SIM905 - ninety quoted words would read worse
)
# What tensors are called in the generated C: t0_input, t1_conv2d.
_TENSOR = re.compile(r"t\d+(_|$)")
_MAX_LENGTH = 48


def identifier(name: str) -> str:
    """A C and C++ identifier that resembles `name`: [a-z0-9_], not reserved, never empty.

    It neither begins nor ends with an underscore and holds no two in a row, and so does whatever is
    made from it by `_` and a suffix: such names belong to the implementation of C++. Two names may
    give the same identifier: callers add an index where that matters.
    """
    text = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:_MAX_LENGTH].rstrip("_")
    if not text or text[0].isdigit() or text in _RESERVED or _TENSOR.match(text):
        text = f"m_{text}" if text else "m"
    return text


def identifiers(names: Iterable[str]) -> tuple[str, ...]:
    """An identifier for each name, no two alike."""
    return unique(map(identifier, names))
