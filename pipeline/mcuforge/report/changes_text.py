"""`Changes` as a table for the terminal, as Markdown, as JSON, and as sections of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcuforge import documents
from mcuforge.documents.compare import SCHEMA
from mcuforge.emit import c_names
from mcuforge.files import json_text
from mcuforge.report import html_page, markdown
from mcuforge.report.changes import BETTER, WORSE, Changes, Figure, ModelChanges, Row
from mcuforge.report.html_page import Section
from mcuforge.report.judgement import Judgement
from mcuforge.wording.escape import markdown_text
from mcuforge.wording.tables import Table

MOST_OPS = 20  # that are listed in words; the JSON document has all
_MARKS = {BETTER: "better", WORSE: "worse"}
_STATES = {BETTER: "good", WORSE: "bad"}
_SAYS = "What changed of this model. What became worse is marked; ops that changed stand below."


def table(changes: Changes, model: ModelChanges) -> Table:
    """A row for each figure."""
    made = Table(title=f"{model.title}: {changes.before} -> {changes.after}")
    made.add_column("")
    for heading in ("before", "after", "change"):
        made.add_column(heading, justify="right")
    made.add_column("")
    for row in model.rows:
        made.add_row(row.label, *row.shown, _MARKS.get(row.judgement, ""))
    return made


def lines(model: ModelChanges) -> list[str]:
    """What became of the ops, a line each."""
    left = len(model.ops) - MOST_OPS
    more = [f"... and {left:,} more: --json lists all."] if left > 0 else []
    return [*model.ops[:MOST_OPS], *more]


def alone(changes: Changes) -> list[str]:
    """What one of the runs holds alone, a line each."""
    return [
        *(f"Only in {changes.before}: {title}." for title in changes.only_before),
        *(f"Only in {changes.after}: {title}." for title in changes.only_after),
    ]


def as_json(changes: Changes, gates: Sequence[Judgement] = ()) -> str:
    """The document of `compare --json`."""
    content = {
        "before": changes.before,
        "after": changes.after,
        "models": [_model(model) for model in changes.models],
        "only_before": list(changes.only_before),
        "only_after": list(changes.only_after),
        "gates": [gate.as_json() for gate in gates],
    }
    return json_text.dumps(documents.document(SCHEMA, content))


def _model(model: ModelChanges) -> dict[str, Any]:
    return {
        "model": model.model,
        "board": model.board,
        "engine": model.engine,
        "changes": [_row(row) for row in model.rows],
        "ops": list(model.ops),
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "label": row.label,
        "unit": row.unit if isinstance(row, Figure) else "",
        "before": row.before,
        "after": row.after,
        "judgement": row.judgement,
    }


def as_markdown(changes: Changes) -> str:
    """A table a model, of what changed alone."""
    parts = [_markdown(changes, model) for model in changes.models]
    parts += [f"{markdown_text(line)}\n" for line in alone(changes)]
    return "\n".join(parts)


def _markdown(changes: Changes, model: ModelChanges) -> str:
    head = f"### {markdown_text(model.title)}\n"
    changed = [row for row in model.rows if row.before != row.after]
    if not changed:
        return f"{head}\nNothing changed.\n"
    rows = [
        (row.label, *row.shown, {BETTER: "✅", WORSE: "❌"}.get(row.judgement, ""))
        for row in changed
    ]
    body = markdown.table(("", changes.before, changes.after, "change", ""), rows)
    ops = "".join(f"- {markdown_text(line)}\n" for line in lines(model))
    return f"{head}\n{body}" + (f"\n{ops}" if ops else "")


def sections(changes: Changes) -> tuple[Section, ...]:
    """A section a model."""
    return tuple(
        Section(
            f"changes-{c_names.identifier(model.title)}",
            f"{model.title}: {changes.before} → {changes.after}",
            _SAYS,
            html_page.render(
                "sections/changes.html.j2",
                changes=changes,
                model=model,
                states=_STATES,
                ops=lines(model),
            ),
        )
        for model in changes.models
    )
