"""HTML from the templates of reports. Every value is escaped; the pages load nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import jinja2
from markupsafe import Markup

from mcuforge import __version__
from mcuforge.files import paths, template_cache

_SCRIPTS = ("script.js", "graph.js", "tabs.js")
PAGES_BEGIN, PAGES_END = "<!-- pages -->", "<!-- /pages -->"  # of the list of a site's pages


@dataclass(frozen=True)
class Section:
    """A part of a page. `says` is the sentence that tells what one sees, and what to do about it.

    `id` is an identifier, unique in its page. `body` is HTML that `render` made.
    """

    id: str
    title: str
    says: str
    body: Markup


def render(template: str, **values: object) -> Markup:
    """The HTML that a template of templates/report makes of the values, and of `version`."""
    return Markup(_environment().get_template(template).render(values, version=__version__))  # noqa: S704  escaped


def page(
    title: str,
    sections: Sequence[Section],
    *,
    lead: str = "",
    pages: str = "",
    in_site: bool = False,
) -> str:
    """A whole page that loads nothing. `pages` is the HTML of the list of the site's pages."""
    script = "".join(map(_text, _SCRIPTS))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return render(
        "base.html.j2",
        title=title,
        lead=lead,
        sections=sections,
        pages=Markup(pages),  # noqa: S704  `render` made it
        in_site=in_site,
        style=render("style.css.j2"),
        script=Markup(script),  # noqa: S704  our own
        script_hash=f"sha256-{digest}",
    )


def _text(name: str) -> str:
    return (paths.data_dir("templates") / "report" / name).read_text(encoding="utf-8")


def _environment() -> jinja2.Environment:
    return _environment_of(str(paths.data_dir("templates")))


@cache
def _environment_of(templates: str) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(f"{templates}/report"),
        undefined=jinja2.StrictUndefined,
        bytecode_cache=template_cache.of(__file__),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
