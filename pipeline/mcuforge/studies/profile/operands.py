"""What kind of work an instruction is, and which registers it reads and writes.

From the words of the assembler. Enough for timings: flags are left out, and an instruction that is
left out by an IT block counts as one that runs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

_CONDITIONS = "eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le"
_NUMBERS = {"sb": 9, "sl": 10, "fp": 11, "ip": 12, "sp": 13, "lr": 14, "pc": 15}
_REGISTER = re.compile(r"\b(?:[rqsd]\d{1,2}|sb|sl|fp|ip|sp|lr|pc)\b")
_RANGE = re.compile(r"\b([rqsd])(\d{1,2})-\1(\d{1,2})\b")
_LIST = re.compile(r"\{(.*)\}")
_ACCUMULATES = re.compile(r"^(?:smla|smls|smmla|smmls|mla|mls|umlal|umaal|usada)")
_MULTIPLIES = re.compile(r"^(?:mul|smul|smmul|smua|smus|umull|smull|usad)")
_BITS = re.compile(
    r"^(?:[su]xt|[su]bfx|bf[ic]|clz|rev|rbit|sel|q(?:d?add|d?sub)|[suq]h?(?:add|sub|asx|sax))"
)
_PACK = re.compile(r"^(?:pkh|[su]sat)")
_WIDE = re.compile(r"^(?:smlal|smlsld|vml[as]ldav|vrml[as]ldavh)")
# The result's register is read, too: kept in part, or added to.
_KEEPS = re.compile(
    r"^(?:movt|bf[ic]|[su]mlal|smlsld|umaal|vr?ml[as](?:l?da)?vh?ax?\b|vml(?:a|as|s)\b|vfm|vp?shlc"
    r"|vs[lr]i\b|vaddl?va|vmovn|vq(?:mov|r?shru?)u?n)"
)
_SETS = re.compile(r"^(?:mov|mvn|neg|adr|mrs|csel|cset|cinc|[su]xt)")
_COMPARES = re.compile(r"^(?:cmp|cmn|tst|teq|vcmp)")


class Kind(Enum):
    """What a core has an own timing for."""

    ALU = auto()
    BITS = auto()  # extends, bit fields, sums of bytes
    PACK = auto()  # packs and saturates
    SHIFTED = auto()  # ALU with a shifted operand
    MUL = auto()
    MAC = auto()
    LONG_MUL = auto()  # of 64 bits, with or without accumulating
    DIVIDE = auto()
    LOAD = auto()
    LOAD_PAIR = auto()
    LOAD_MANY = auto()
    STORE = auto()
    STORE_PAIR = auto()
    STORE_MANY = auto()
    BRANCH = auto()  # to a label, or conditional
    CALL = auto()
    JUMP = auto()  # to a register: returns, tables
    LOOP = auto()  # the low-overhead branches LE, LETP, WLS, DLS
    SYSTEM = auto()
    NOTHING = auto()  # IT, NOP and predication
    FLOAT = auto()
    VECTOR_LOAD = auto()
    VECTOR_STORE = auto()
    VECTOR_MAC = auto()
    VECTOR = auto()


_NO_RESULT = (
    Kind.STORE, Kind.STORE_PAIR, Kind.STORE_MANY, Kind.VECTOR_STORE, Kind.BRANCH, Kind.JUMP,
    Kind.NOTHING,
)  # fmt: skip


@dataclass(frozen=True)
class Operands:
    """`reads` and `writes` name registers, as `r13` for sp; `moved` are addresses among `writes`
    that a load or store moves on. `registers` counts those of a list.
    """

    kind: Kind
    reads: frozenset[str]
    writes: frozenset[str]
    moved: frozenset[str] = frozenset()
    registers: int = 1

    @property
    def loads_pc(self) -> bool:
        """Whether it returns by loading the program counter."""
        return "r15" in self.writes


def operands_of(name: str, text: str) -> Operands:
    """The operands of an instruction, as objdump writes it, without `.w` and `.n`."""
    kind = kind_of(name, text)
    listed = _LIST.search(text)
    members = _registers(listed[1]) if listed else []
    outside = _registers(_LIST.sub("", text))
    results, moved = set(_results(kind, name, members, outside)), _moved(kind, text)
    writes = results | moved
    two = text.count(",") == 1
    reads = _reads(kind, name, members, outside, two and bool(results))
    return Operands(
        kind, frozenset(reads), frozenset(writes), frozenset(moved - results), max(len(members), 1)
    )


def kind_of(name: str, text: str) -> Kind:
    """The kind of an instruction."""
    base = name.split(".")[0]
    if base.startswith("v"):
        return _vector_kind(base, text)
    for kind, applies in _RULES:
        if applies(base):
            return kind
    return Kind.SHIFTED if re.search(r"\b(?:lsl|lsr|asr|ror) #", text) else Kind.ALU


_RULES = (
    (Kind.NOTHING, re.compile(r"^(?:it[te]{0,3}|nop|bti|pacbti)$").match),
    (Kind.LOOP, re.compile(r"^(?:letp|le|wls|wlstp|dls|dlstp|lctp)$").match),
    (Kind.JUMP, re.compile(r"^(?:bx|tb[bh])").match),
    (Kind.CALL, re.compile(r"^(?:bl|blx)$").match),
    (Kind.BRANCH, re.compile(rf"^(?:b|cbn?z|b(?:{_CONDITIONS}))$").match),
    (Kind.LOAD_PAIR, re.compile(r"^ldrd").match),
    (Kind.STORE_PAIR, re.compile(r"^strd").match),
    (Kind.LOAD_MANY, re.compile(r"^(?:ldm|pop)").match),
    (Kind.STORE_MANY, re.compile(r"^(?:stm|push)").match),
    (Kind.LOAD, re.compile(r"^ldr").match),
    (Kind.STORE, re.compile(r"^str").match),
    (Kind.DIVIDE, re.compile(r"^[su]div").match),
    (Kind.SYSTEM, re.compile(r"^(?:msr|mrs|cps|[di]sb|dmb|svc|wf[ei]|sev|bkpt|udf|tt)").match),
    (Kind.LONG_MUL, re.compile(r"^(?:[su]mull|[su]mlal$|[su]mlal(?![bdtx])|umaal)").match),
    (Kind.MAC, _ACCUMULATES.match),
    (Kind.MUL, _MULTIPLIES.match),
    (Kind.PACK, _PACK.match),
    (Kind.BITS, _BITS.match),
)


def _vector_kind(base: str, text: str) -> Kind:
    vector = re.search(r"\bq\d", text) is not None
    if base.startswith(("vpst", "vpt", "vpnot", "vctp", "vmrs", "vmsr")):
        return Kind.NOTHING if base.startswith(("vpst", "vpt", "vpnot")) else Kind.VECTOR
    if base.startswith(("vldm", "vpop")):
        return Kind.LOAD_MANY
    if base.startswith(("vstm", "vpush")):
        return Kind.STORE_MANY
    if base.startswith(("vld", "vlld")):
        return Kind.VECTOR_LOAD if vector else Kind.LOAD
    if base.startswith("vst"):
        return Kind.VECTOR_STORE if vector else Kind.STORE
    if not vector:
        return Kind.FLOAT
    multiplies = re.match(r"^v(?:r?mla|r?mls|mul|q?r?d?mul|q?r?dml|fma|fms|cmla|cmul|mulh)", base)
    return Kind.VECTOR_MAC if multiplies or base.startswith(("vaddv", "vadd_v")) else Kind.VECTOR


def _registers(text: str) -> list[str]:
    """Registers in their order, with names such as `r13`; a range of a list is all of them."""
    text = _RANGE.sub(
        lambda m: " ".join(f"{m[1]}{n}" for n in range(int(m[2]), int(m[3]) + 1)), text
    )
    return [_named(word) for word in _REGISTER.findall(text)]


def _named(word: str) -> str:
    return f"r{_NUMBERS[word]}" if word in _NUMBERS else word


def _moved(kind: Kind, text: str) -> set[str]:
    """The address register that a load or store moves on."""
    if kind in (Kind.LOAD_MANY, Kind.STORE_MANY):
        found = re.match(r"(\w+)(!?), \{", text)
        if found is None:
            return {"r13"}
        return {_named(found[1])} if found[2] else set()
    found = re.search(r"\[(\w+)(?:, [^\]]*)?\](?:!|, )", text)
    return {_named(found[1])} if found else set()


def _results(kind: Kind, name: str, members: list[str], outside: list[str]) -> list[str]:
    """The registers that get a result."""
    if kind in _NO_RESULT or _COMPARES.match(name):
        return []
    if kind is Kind.LOAD_MANY:
        return members
    if kind in (Kind.CALL, Kind.LOOP):
        return ["r14"]
    if members:  # of the interleaving loads VLD2 and VLD4
        return members
    return outside[: 2 if kind is Kind.LOAD_PAIR or _is_wide(kind, name) else 1]


def _is_wide(kind: Kind, name: str) -> bool:
    """Whether the result takes two registers."""
    return kind is Kind.LONG_MUL or _WIDE.match(name) is not None


def _reads(
    kind: Kind, name: str, members: list[str], outside: list[str], two_operands: bool
) -> set[str]:
    if kind is Kind.LOAD_MANY:
        return set(outside or ["r13"])
    if kind is Kind.STORE_MANY:
        return {*members, *(outside or ["r13"])}
    if kind in _NO_RESULT or _COMPARES.match(name):
        return {*outside, *members}
    updates = kind in (Kind.ALU, Kind.SHIFTED, Kind.MUL) and not _SETS.match(name)
    if _KEEPS.match(name) or (two_operands and updates):
        return set(outside)  # `adds r3, #1` and the like
    if members:
        return set(outside)
    return set(outside[2 if kind is Kind.LOAD_PAIR or _is_wide(kind, name) else 1 :])
