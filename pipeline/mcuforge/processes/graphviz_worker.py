"""The child process that asks Graphviz: sizes as JSON on stdin, coordinates as JSON on stdout."""

from __future__ import annotations

import json
import sys
from typing import Any

from mcuforge.processes import python_worker

_POINTS = 0.75  # of a pixel; Graphviz counts in points, and sizes of boxes in inches
_INCH = 96
_GRAPH = {"rankdir": "TB", "nodesep": "0.32", "ranksep": "0.36", "pad": "0"}
_BOX = {"shape": "box", "fixedsize": "true", "label": ""}
_LABEL = '<<TABLE BORDER="0" FIXEDSIZE="TRUE" WIDTH="{}" HEIGHT="{}"><TR><TD></TD></TR></TABLE>>'


def place(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request: see `graphviz.place`."""
    import pygraphviz

    graph = pygraphviz.AGraph(directed=True, strict=False)
    graph.graph_attr.update(_GRAPH)
    graph.node_attr.update(_BOX)
    for number, (width, height) in enumerate(request["boxes"]):
        graph.add_node(f"b{number}", width=str(width / _INCH), height=str(height / _INCH))
    for number, (begin, end, width, height) in enumerate(request["lines"]):
        label = _LABEL.format(round(width * _POINTS), round(height * _POINTS)) if width else ""
        graph.add_edge(f"b{begin}", f"b{end}", key=f"l{number}", label=label, comment=str(number))
    return _read(json.loads(graph.draw(format="json0", prog="dot")), len(request["boxes"]))


def _read(drawn: dict[str, Any], boxes: int) -> dict[str, Any]:
    *_, width, height = map(float, drawn["bb"].split(","))

    def point(text: str) -> tuple[float, float]:
        x, y = map(float, text.split(","))
        return round(x / _POINTS, 1), round((height - y) / _POINTS, 1)

    places = {each["name"]: point(each["pos"]) for each in drawn.get("objects", [])}
    lines = sorted(drawn.get("edges", []), key=lambda edge: int(edge["comment"]))
    return {
        "width": round(width / _POINTS, 1),
        "height": round(height / _POINTS, 1),
        "boxes": [places[f"b{number}"] for number in range(boxes)],
        "lines": [_line(edge, point) for edge in lines],
    }


def _line(edge: dict[str, Any], point: Any) -> dict[str, Any]:
    """A line's `pos` is `e,x,y x,y x,y ...`: first the tip of the arrow."""
    first, *others = edge["pos"].split()
    return {
        "tip": point(first.removeprefix("e,")),
        "points": [point(each) for each in others],
        "label": point(edge["lp"]) if edge.get("lp") else None,
    }


def main() -> None:
    """Answer one request."""
    with python_worker.answers(2) as stream:
        answer = place(json.load(sys.stdin))
        stream.write(json.dumps(answer).encode())


if __name__ == "__main__":
    main()
