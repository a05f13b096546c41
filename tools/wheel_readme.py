"""Hatchling's metadata hook: the README as a wheel has it, without links into the repository."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


def without_relative_links(markdown: str) -> str:
    """Links to files become their words, pictures and comments nothing; links to the web stay."""
    markdown = re.sub(r"!\[[^\]]*\]\((?!https?:)[^)]*\)\n*", "", markdown)
    markdown = re.sub(r"<!--.*?-->\n?", "", markdown, flags=re.DOTALL)
    return re.sub(r"\[([^\]]*)\]\((?!https?:)[^)]*\)", r"\1", markdown)


class ReadmeHook(MetadataHookInterface):
    """Fills in the long description."""

    def update(self, metadata: dict[str, Any]) -> None:
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": without_relative_links(text),
        }
