"""Plots and graphs as SVG inside a page: in its colours, light and dark, with words for each mark.

matplotlib draws in the colours below, which stand for the page's own: in the SVG they become CSS
variables. Every plot has a description for who cannot see it, and may have a title a mark, which
browsers show under the pointer.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from io import StringIO
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from markupsafe import Markup, escape

from mcuforge.wording import drawing, extras

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Stand-ins for the page's variables: colours that nothing else has.
INK, MUTED, LINE, GRID, CARD, GOOD, BAD = (f"#0{n}0{n}f{n}" for n in range(1, 8))
SERIES = tuple(f"#1{n}1{n}e{n}" for n in range(1, 9))
_VARIABLES = {
    **dict(zip((INK, MUTED, LINE, GRID, CARD, GOOD, BAD),
               ("ink", "muted", "line", "grid", "card", "good", "bad"), strict=True)),
    **{colour: f"series-{n}" for n, colour in enumerate(SERIES, 1)},
}  # fmt: skip
_COLOUR = re.compile("|".join(_VARIABLES), re.IGNORECASE)
_key = ContextVar("key", default="")
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "{http://www.w3.org/1999/xlink}href"
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_STYLE = {
    "svg.fonttype": "none",  # text stays text: searched, copied, in the page's font
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": LINE,
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": GRID,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "figure.facecolor": "none",
    "legend.frameon": False,
}


@contextmanager
def named_after(key: str) -> Iterator[None]:
    """Within, ids of pictures begin with `key`: several reports may lie on one page."""
    token = _key.set(f"{key}-")
    try:
        yield
    finally:
        _key.reset(token)


def plot(
    name: str,
    description: str,
    draw: Callable[[Figure], Mapping[str, str] | None],
    size: tuple[float, float] = (8.0, 3.0),
    *,
    scrolls: bool = False,
) -> Markup:
    """The SVG of what `draw` puts into a figure of that size in inches; words without matplotlib.

    `name` is unique in its page. `draw` may return the titles of marks, by the gid that it set.
    A picture that `scrolls` keeps its size, where others shrink to the width of the page.
    Text from a model goes through `wording.escape.plot_text`.
    """
    if not drawing.can_draw():
        return missing("matplotlib")
    import matplotlib as mpl
    from cycler import cycler
    from matplotlib.figure import Figure

    content = StringIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name, "axes.prop_cycle": cycler(color=SERIES)}):
        figure = Figure(figsize=size, layout="constrained")
        titles = draw(figure)
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    return inline(content.getvalue(), name, description, titles or {}, scrolls=scrolls)


def import_early() -> None:
    """Import what draws, which takes half a second: while a command waits for something else."""
    with suppress(ImportError):  # whoever draws says so
        importlib.import_module("matplotlib.figure")
        importlib.import_module("matplotlib.backends.backend_svg")


def missing(library: str) -> Markup:
    """What stands where a picture would, if that library were installed."""
    return Markup("<p>{}</p>").format(
        f"A picture is drawn here with {library}: {extras.pip_install('report')}"
    )


def inline(
    svg: str,
    name: str,
    description: str,
    titles: Mapping[str, str] | None = None,
    *,
    scrolls: bool = False,
) -> Markup:
    """An SVG that a library wrote, for the inside of a page.

    Its ids begin with what `named_after` says and `name`, its colours are the page's, and elements
    whose id is in `titles` have that title.
    """
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK[1:].split("}")[0])
    root = ElementTree.fromstring(svg)  # noqa: S314  the library's own
    name = _key.get() + name
    for tag in ("metadata", "title"):
        for child in root.findall(f"{{{_SVG}}}{tag}"):
            root.remove(child)
    for element in root.iter():
        identifier = element.get("id")
        if titles and identifier is not None and identifier in titles:
            title = ElementTree.Element(f"{{{_SVG}}}title")
            title.text = titles[identifier]
            element.insert(0, title)
        _rename(element, name)
    for attribute in ("width", "height"):
        root.set(attribute, _pixels(root.get(attribute, "")))
    root.set("role", "img")
    root.set("aria-label", description)
    text = ElementTree.tostring(root, encoding="unicode")
    coloured = _COLOUR.sub(lambda found: f"var(--{_VARIABLES[found[0].lower()]})", text)
    frame = (
        '<div class="plot scroll" tabindex="0">{}</div>'
        if scrolls
        else '<div class="plot">{}</div>'
    )
    return Markup(frame).format(Markup(coloured))  # noqa: S704  a library's SVG


def figure(svg: Markup, caption: str) -> Markup:
    """A picture and what is said of it."""
    return Markup("<figure>{}<figcaption>{}</figcaption></figure>").format(svg, escape(caption))


def _rename(element: ElementTree.Element[Any], name: str) -> None:
    for key, value in list(element.attrib.items()):
        if key == "id":
            element.set(key, f"{name}-{value}")
        elif key == _XLINK and value.startswith("#"):
            element.set(key, f"#{name}-{value[1:]}")
        elif "url(#" in value:
            element.set(key, _REFERENCE.sub(rf"url(#{name}-\1)", value))


def _pixels(length: str) -> str:
    """A length of SVG in points as pixels."""
    return f"{float(length[:-2]) * 4 / 3:.0f}" if length.endswith("pt") else length
