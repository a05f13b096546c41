"""What notebooks show of results: an HTML table in the notebook's own style, every text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

MOST_ROWS = 200


def table(
    caption: str, rows: Iterable[Sequence[str]], headings: Sequence[str] = (), *, note: str = ""
) -> str:
    """The table as HTML: what it is of, headings, rows of cells, and what is to be said of it.

    Of more than `MOST_ROWS` rows the first are shown, and told of.
    """
    given = list(rows)
    cell, row = Markup("<td>{}</td>").format, Markup("<tr>{}</tr>").format
    body = Markup().join(row(Markup().join(map(cell, cells))) for cells in given[:MOST_ROWS])
    names = Markup().join(map(Markup("<th>{}</th>").format, headings))
    head = Markup("<thead>{}</thead>").format(row(names)) if headings else ""
    left_out = len(given) - MOST_ROWS
    notes = [note, f"{left_out:,} more rows are not shown." if left_out > 0 else ""]
    told = Markup().join(Markup("<p>{}</p>").format(text) for text in notes if text)
    return Markup("<table><caption>{}</caption>{}<tbody>{}</tbody></table>{}").format(
        caption, head, body, told
    )


def amount(number: int, unit: str = "B") -> str:
    """`12,345 B`."""
    return f"{number:,} {unit}"
