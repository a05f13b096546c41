"""Finds arithmetic that an `int` of 16 bits cannot do, in C that is read as for an AVR.

No compiler warns of it: `1 << n` and the product of two int16_t are computed in an int, whatever
they are assigned to. The syntax tree of Clang, for a target whose int has 16 bits, shows the type
of each sum, product and shift, and the bounds of its operands follow from their types: those of
8 bits cannot overflow where those of 16 can.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import ziglang

Node = dict[str, Any]
Bounds = tuple[int, int]

LIBC = Path(__file__).parents[1] / "flavours" / "stubs" / "libc"
# The headers of Clang itself are not found by Zig's copy of it.
HEADERS = Path(ziglang.__file__).parent / "lib" / "include"
CLANG = (
    *(sys.executable, "-m", "ziglang", "clang", "--target=avr", "-mmcu=atmega2560", "-std=c11"),
    *("-nostdinc", "-isystem", str(HEADERS), "-isystem", str(LIBC), "-fsyntax-only"),
)
# Those of Clang's own warnings that an int of 16 bits brings.
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Werror", "-Wno-avr-rtlib-linking-quirks")

_BITS = {
    "_Bool": (0, 1),
    "char": (-(2**7), 2**7 - 1),
    "signed char": (-(2**7), 2**7 - 1),
    "unsigned char": (0, 2**8 - 1),
    "short": (-(2**15), 2**15 - 1),
    "unsigned short": (0, 2**16 - 1),
    "int": (-(2**15), 2**15 - 1),
    "unsigned int": (0, 2**16 - 1),
    "long": (-(2**31), 2**31 - 1),
    "unsigned long": (0, 2**32 - 1),
    "long long": (-(2**63), 2**63 - 1),
    "unsigned long long": (0, 2**64 - 1),
}
_ANY = (-(2**64), 2**64)
_NARROW = ("int", "unsigned int")
_TRUTH = ("==", "!=", "<", ">", "<=", ">=", "&&", "||", "!")


def findings(source: Path, includes: Sequence[Path] = (), flags: Sequence[str] = ()) -> list[str]:
    """`file:line: what` for each suspect of a C file and of the headers that it includes."""
    options = [*WARNINGS, *flags, *(f"-I{path}" for path in includes)]
    result = subprocess.run(
        [*CLANG, *options, "-Xclang", "-ast-dump=json", str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    warned = [line for line in result.stderr.splitlines() if " error: " in line]
    return warned or sorted(set(_Walk().suspects(json.loads(result.stdout))))


class _Walk:
    """One pass over a syntax tree, whose places are given relative to the place before."""

    def __init__(self) -> None:
        self.file, self.line = "", 0
        self.constants: dict[str, Bounds] = {}
        self.modular: set[str] = set()  # arithmetic modulo 2^16 or 2^8 that is meant so

    def suspects(self, node: Node) -> Iterator[str]:
        self._move(node)
        where = f"{self.file}:{self.line}"
        if node.get("kind") == "EnumConstantDecl" and node.get("inner"):
            self.constants[node["id"]] = self.bounds(node["inner"][0])
        found = self._judge(node)
        if found:
            yield f"{where}: {found}"
        for child in node.get("inner", ()):
            yield from self.suspects(child)

    def _move(self, node: Node) -> None:
        span = node.get("range", {})
        for place in (node.get("loc", {}), span.get("begin", {}), span.get("end", {})):
            for part in (place.get("spellingLoc", {}), place.get("expansionLoc", {}), place):
                self.file = part.get("file", self.file)
                self.line = part.get("line", self.line)

    def _judge(self, node: Node) -> str | None:
        kind, name = node.get("kind"), _type(node)
        if kind == "CStyleCastExpr" and node["type"]["qualType"] in ("uint16_t", "uint8_t"):
            self.modular.add(_inside(node["inner"][0])["id"])
        if name == "unsigned int" and node.get("id") in self.modular:
            return None
        if kind == "BinaryOperator" and node["opcode"] in ("+", "-", "*", "<<"):
            if name in _NARROW and not _within(self._computed(node), _BITS[name]):
                return f"'{node['opcode']}' is computed in an {name} of 16 bits"
        elif kind == "CompoundAssignOperator" and node["opcode"] in ("+=", "-=", "*=", "<<="):
            wide = node["computeResultType"]
            name = wide.get("desugaredQualType", wide["qualType"])
            if name in _NARROW and not _within(self._computed(node), _BITS[name]):
                return f"'{node['opcode']}' is computed in an {name} of 16 bits"
        elif kind == "CStyleCastExpr" and node["type"]["qualType"] in _NARROW:
            lost = not _within(self.bounds(node["inner"][0]), _BITS[name])
            return f"a cast to {name} may lose bits" if lost else None
        return None

    def _computed(self, node: Node) -> Bounds:
        """The bounds of a sum, product or shift as mathematics gives them."""
        (a, b), (c, d) = map(self.bounds, node["inner"])
        match node["opcode"].removesuffix("="):
            case "+":
                return a + c, b + d
            case "-":
                return a - d, b - c
            case "*":
                corners = (a * c, a * d, b * c, b * d)
            case _:
                corners = tuple(x << min(max(s, 0), 64) for x in (a, b) for s in (c, d))
        return min(corners), max(corners)

    def bounds(self, node: Node) -> Bounds:
        """The least and the greatest value of an expression, as far as types and constants tell."""
        kind, inner = node["kind"], node.get("inner", [])
        of_type = _BITS.get(_type(node), _ANY)
        if kind == "IntegerLiteral":
            return int(node["value"]), int(node["value"])
        if kind == "DeclRefExpr":
            return self.constants.get(node["referencedDecl"]["id"], of_type)
        if kind in ("ParenExpr", "ConstantExpr", "ImplicitCastExpr", "CStyleCastExpr"):
            return _clip(self.bounds(inner[0]), of_type)
        if kind == "ConditionalOperator":
            (a, b), (c, d) = map(self.bounds, inner[1:])
            return min(a, c), max(b, d)
        if kind == "UnaryOperator" and node["opcode"] == "-":
            low, high = self.bounds(inner[0])
            return _clip((-high, -low), of_type)
        if kind in ("BinaryOperator", "UnaryOperator") and node["opcode"] in _TRUTH:
            return 0, 1
        if kind == "BinaryOperator":
            return _clip(self._operation(node), of_type)
        return of_type

    def _operation(self, node: Node) -> Bounds:
        if node["opcode"] in ("+", "-", "*", "<<"):
            return self._computed(node)
        if node["opcode"] == "&":
            highs = [high for low, high in map(self.bounds, node["inner"]) if low >= 0]
            return (0, min(highs)) if highs else _ANY
        if node["opcode"] in ("/", "%", ">>"):
            (low, high), (_, divisor) = map(self.bounds, node["inner"])
            limit = divisor - 1 if node["opcode"] == "%" and divisor > 0 else max(-low, high)
            return max(min(low, 0), -limit), min(max(high, 0), limit)
        return _ANY


def _inside(node: Node) -> Node:
    """The expression in parentheses and conversions."""
    while node["kind"] in ("ParenExpr", "ImplicitCastExpr"):
        node = node["inner"][0]
    return node


def _type(node: Node) -> str:
    kind = node.get("type", {})
    name = str(kind.get("desugaredQualType", kind.get("qualType", "")))
    return name.replace("const ", "").replace("volatile ", "")


def _within(inner: Bounds, outer: Bounds) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _clip(value: Bounds, limits: Bounds) -> Bounds:
    return value if _within(value, limits) else limits
