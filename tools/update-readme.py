"""Put the counts of operators, and the table of `make demo` given on stdin, into README.md.

docs/reference/operators.md, the worked numbers of docs/explanation/quantization-arithmetic.md,
docs/schemas and the figures in docs/images are made as well.

make demo | .venv/bin/python tools/update-readme.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import pygraphviz

from mcuforge.cli import schema
from mcuforge.planning.ops import table
from mcuforge.quantization import worked

README = Path(__file__).parents[1] / "README.md"
DEMO = "<!-- demo: begin -->", "<!-- demo: end -->"


def replace(text: str, begin: str, end: str, content: str) -> str:
    """`text` with `content` between the two markers."""
    head, rest = text.split(begin)
    _, tail = rest.split(end)
    return f"{head}{begin}\n{content}\n{end}{tail}"


def summary(output: str) -> str:
    """The last table that `mcuforge run` printed, as Markdown text."""
    lines = output.splitlines()
    last = max(i for i, line in enumerate(lines) if line.startswith("┏"))
    end = next(i for i in range(last, len(lines)) if lines[i].startswith("└"))
    return "\n".join(["```text", *lines[last : end + 1], "```"])


def main() -> None:
    """Rewrite README.md and the pages."""
    text = replace(README.read_text(), table.BEGIN, table.END, table.counts())
    if not sys.stdin.isatty() and (output := sys.stdin.read()).strip():
        text = replace(text, *DEMO, summary(output))
    README.write_text(text)
    (README.parent / "docs" / "reference" / "operators.md").write_text(table.page())
    page = README.parent / "docs" / "explanation" / "quantization-arithmetic.md"
    page.write_text(replace(page.read_text(), worked.BEGIN, worked.END, worked.markdown()))
    for kind in schema.KINDS:
        (README.parent / "docs" / "schemas" / f"{kind}.schema.json").write_text(schema.text(kind))
    for figure in (README.parent / "docs" / "images").glob("*.dot"):
        drawn = pygraphviz.AGraph(filename=str(figure)).draw(format="svg", prog="dot").decode()
        figure.with_suffix(".svg").write_text("".join(drawn.partition("<svg")[1:]))


if __name__ == "__main__":
    main()
