"""Boards and recipes with faults: lines of TOML changed, then perhaps bytes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from mcuforge.files import paths

ROOT = Path(__file__).parents[2]
VALUES = (
    *("0", "-1", "1", "4294967296", "9" * 400, "1e999", "nan", "-inf", "true", "1979-05-27"),
    *('""', '"x"', f'"{"x" * 5000}"', '"../../etc"', '"${{1}}"', '"\\u0000"', "[]", "[1, 'a', []]"),
    *("{}", "{a = 1}", '["a", "a"]', "0x", "'", '"""', "[" * 400, "{a=" * 400, "{a={a={a=1}}}"),
)
LINES = ("[", "[[x]]", "[a.b.c]", "x = 1", "= 1", "name = 1", "\0", "#" * 5000, ".".join("a" * 900))


@cache
def known(kind: str) -> tuple[str, ...]:
    """The boards, or the recipes, of the repository."""
    folder = paths.data_dir("firmware") / "boards"
    files = sorted(folder.rglob("*.toml") if kind == "board" else ROOT.glob("models/*/*.toml"))
    return tuple(file.read_text() for file in files)


def table(kind: str, seed: int, number: int) -> bytes:
    """A file of that kind, sound or not."""
    rng = np.random.default_rng([seed, number])
    texts = known(kind)
    lines = texts[int(rng.integers(len(texts)))].splitlines()
    for _ in range(int(rng.geometric(0.5))):
        lines = _changed(lines, rng)
    data = bytearray("\n".join(lines).encode())
    if data and rng.random() < 0.2:
        data[int(rng.integers(len(data)))] = int(rng.integers(256))
    return bytes(data)


def _changed(lines: list[str], rng: np.random.Generator) -> list[str]:
    if not lines:
        return lines
    at, kind = int(rng.integers(len(lines))), int(rng.integers(6))
    if kind == 0:
        return lines[:at] + lines[at + 1 :]
    if kind == 1:
        return [*lines[:at], lines[int(rng.integers(len(lines)))], *lines[at:]]
    if kind == 2:
        return [*lines[:at], LINES[int(rng.integers(len(LINES)))], *lines[at:]]
    key = lines[at].partition("=")[0]
    return [*lines[:at], f"{key}= {VALUES[int(rng.integers(len(VALUES)))]}", *lines[at + 1 :]]
