"""The fenced blocks and code spans of the pages, and what a page says about testing them.

A comment above a block, `<!-- block: WORDS -->`, is for the tests alone:

    not run, REASON     it needs a board, root, a network; it is parsed all the same
    fast                it runs with `make test`, not only with `make test-slow`
    given COMMANDS      what a reader has done before; it runs first
    exit CODE           how it ends, if not with 0
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "models").rglob("*.md")),
)
_FENCE = re.compile(r"^( *)(`{3,})\s*([\w+-]*)(.*)$")
_COMMENT = re.compile(r"^ *<!-- block: (.+) -->$")
_WORDS = re.compile(r"not run, .+|fast|given .+|exit \d+")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, text without the indentation, and the comments above it."""

    page: Path
    line: int
    language: str
    text: str
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{title(self.page)}:{self.line}"

    @property
    def runs(self) -> bool:
        return not any(note.startswith("not run, ") for note in self.notes)

    @property
    def fast(self) -> bool:
        return "fast" in self.notes

    @property
    def given(self) -> tuple[str, ...]:
        return tuple(n.removeprefix("given ") for n in self.notes if n.startswith("given "))

    @property
    def exit_code(self) -> int:
        return next((int(n.split()[1]) for n in self.notes if n.startswith("exit ")), 0)


def title(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, in their order."""
    return list(_blocks(page, page.read_text(encoding="utf-8").splitlines()))


def spans(page: Path) -> list[str]:
    """What stands between single backquotes outside of blocks, line ends as spaces."""
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"^( *)(`{3,}).*?^\1\2 *$", "", text, flags=re.DOTALL | re.MULTILINE)
    return [" ".join(found.split()) for found in re.findall(r"`([^`]+)`", text)]


def _blocks(page: Path, lines: list[str]) -> Iterator[Block]:
    notes: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if comment := _COMMENT.match(line):
            assert _WORDS.fullmatch(comment[1]), f"{page}:{number}: what is '{comment[1]}'?"
            notes.append(comment[1])
        elif fence := _FENCE.match(line):
            begin = number
            while lines[number].strip() != fence[2]:
                number += 1
            text = textwrap.dedent("\n".join(lines[begin:number])) + "\n"
            yield Block(page, begin, fence[3], text, tuple(notes))
            number += 1
            notes = []
        else:
            assert not notes, f"{page}:{number}: the comment before it stands above no block"
