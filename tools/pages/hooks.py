"""What MkDocs calls while it builds the site: parts of pages that are made, and links out of docs/.

`<!-- made: NAME -->` in a page becomes what `MADE` gives by that name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import board_table
import command_group  # noqa: F401 -- mkdocs-click finds it by its name
import outside
import schema_tables
import speed_table
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

import mcuforge

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "docs" / "schemas"

_NAMES = sorted(set(mcuforge.__all__) - {"__version__"}, key=str.lower)
MADE: dict[str, Callable[[], str]] = {
    "boards": board_table.markdown,
    "speed": speed_table.markdown,
    "recipe": lambda: schema_tables.settings(SCHEMAS / "recipe.schema.json"),
    "board file": lambda: schema_tables.settings(SCHEMAS / "board.schema.json"),
    "json documents": lambda: schema_tables.documents(SCHEMAS),
    "python api": lambda: "\n\n".join(f"::: mcuforge.{name}" for name in _NAMES),
}
_MADE = re.compile(r"^<!-- made: (.+?) -->$", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files of the repository that pages link to: Markdown as pages, all others as are."""
    for path in outside.linked(ROOT):
        file = File.generated(
            config,
            outside.place(path),
            abs_src_path=str(ROOT / path),
            inclusion=InclusionLevel.NOT_IN_NAV,
        )
        if files.get_file_from_path(file.src_uri) is None:
            files.append(file)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put in what is made, and lead links out of docs/ to the site's copies."""
    del config, files
    return outside.redirected(_MADE.sub(_made, markdown), page.file.src_uri)


def on_post_build(config: MkDocsConfig) -> None:
    """Give pages that are opened from the disk, which may load no JSON, the search's index."""
    index = Path(config.site_dir) / "search" / "search_index.json"
    index.with_suffix(".js").write_text(f"var __index = {index.read_text()}")


def _made(match: re.Match[str]) -> str:
    if match[1] not in MADE:
        raise PluginError(f"nothing is made by the name '{match[1]}'; there are {list(MADE)}")
    return MADE[match[1]]()
