"""HTML pages from the templates of reports. Every value is escaped; the pages load nothing."""

from __future__ import annotations

import jinja2

from mcuforge import __version__
from mcuforge.files import paths, template_cache


def render(template: str, **values: object) -> str:
    """The page that a template of templates/report makes of the values, and of `version`."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(paths.data_dir("templates") / "report"),
        undefined=jinja2.StrictUndefined,
        bytecode_cache=template_cache.of(__file__),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(values, version=__version__)
