"""The network as a graph, and all that is known of each op."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from markupsafe import Markup

from mcuforge.engines import TFLM
from mcuforge.processes import graphviz
from mcuforge.report import RunReport, html_page, network, network_picture, plots
from mcuforge.report.facts import RunFacts
from mcuforge.report.network import Network
from mcuforge.report.network_picture import Picture
from mcuforge.report.sections import time
from mcuforge.report.sections.time import OpTime

ID, TITLE = "graph", "Graph"
MOST_OPS, MOST_TENSORS = 1000, 40  # whose details are shown: ops, and tensors of each
SAYS = (
    "The ops in the order of the data. The stronger a box's colour, the more of the work it is. "
    "Choose a box for all that is known of its op."
)


def collect(facts: RunFacts) -> Network:
    """The ops and tensors of the plan."""
    return network.of(facts.plan, facts.engine)


def body(report: RunReport) -> Markup | None:
    """The picture, or why there is none, and the details of every op."""
    found = report.details.get(ID)
    if not isinstance(found, Network):
        return None
    times = report.details.get(time.ID)
    measured = times.ops if isinstance(times, time.Times) else ()
    shares, what = _shares(found, measured, getattr(times, "unit", ""))
    picture: Picture | Markup | str
    if not found.ops:
        picture = "This network has no ops: its outputs are inputs or constants."
    elif not graphviz.is_installed():
        picture = plots.missing("Graphviz")
    else:
        picture = network_picture.draw(found, shares)
    return html_page.render(
        "sections/graph.html.j2",
        network=replace(found, ops=found.ops[:MOST_OPS]),
        left_out=len(found.ops) - MOST_OPS,
        most_tensors=MOST_TENSORS,
        picture=picture if isinstance(picture, Picture) else None,
        instead=picture,
        prefix=f"op-{report.key}-",
        shares={at: network_picture.percent(share) for at, share in shares.items()},
        what=what,
        spent={op.index: op.amount for op in measured if op.amount is not None},
        limits={op.index: op.limit for op in measured if op.limit},
        first=max(shares, key=lambda at: shares[at], default=None),
        words=network_picture,
        other_engine=report.engine == TFLM,
    )


def _shares(
    found: Network, measured: Sequence[OpTime], unit: str
) -> tuple[Mapping[int, float], str]:
    """Each op's part of the work, and what is counted: as measured, else multiply-accumulates."""
    shares = {op.index: op.share for op in measured if op.share is not None}
    if shares:
        return shares, unit
    counted = {op.index: op.macs for op in found.ops if op.macs}
    total = sum(counted.values())
    return {at: n / total for at, n in counted.items()}, "multiply-accumulates"
