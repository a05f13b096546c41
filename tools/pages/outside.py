"""Files of the repository, outside of docs/, that pages link to.

The site has copies of them under `repository/`: of Markdown a page, of all others the file itself.
Links among them and from docs/ stay as the repository has them, and are led there.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

FOLDER = "repository"
_LINK = re.compile(r"(\]\()([^)#:\s]+)((?:#[^)]*)?\))")


def place(path: str) -> str:
    """Where the site has the copy of a file of the repository, relative to docs/."""
    return f"{FOLDER}/{path}"


def linked(root: Path) -> list[str]:
    """The files that pages lead to, straight or by such a file; relative to `root`, sorted."""
    found: set[str] = set()
    unread = [page.relative_to(root).as_posix() for page in (root / "docs").rglob("*.md")]
    while unread:
        page = unread.pop()
        text = (root / page).read_text(encoding="utf-8")
        new = {target for target in _targets(text, page) if (root / target).is_file()} - found
        found |= new
        unread += [target for target in new if target.endswith(".md")]
    return sorted(found)


def redirected(text: str, src_uri: str) -> str:
    """The Markdown of page `src_uri` of the site, with its links out of docs/ led to the copies."""
    page = _in_repository(src_uri)
    start = posixpath.dirname(src_uri)

    def lead(match: re.Match[str]) -> str:
        target = _resolved(match[2], page)
        in_docs = target.startswith("docs/")
        if target.startswith(("/", "../")) or (in_docs and page.startswith("docs/")):
            return match[0]
        new = target.removeprefix("docs/") if in_docs else place(target)
        return match[1] + posixpath.relpath(new, start or ".") + match[3]

    return _LINK.sub(lead, text)


def _in_repository(src_uri: str) -> str:
    if src_uri.startswith(f"{FOLDER}/"):
        return src_uri.removeprefix(f"{FOLDER}/")
    return f"docs/{src_uri}"


def _resolved(target: str, page: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), target))


def _targets(text: str, page: str) -> set[str]:
    """What a page links to outside of docs/ and inside of the repository."""
    every = {_resolved(match[2], page) for match in _LINK.finditer(text)}
    return {target for target in every if not target.startswith(("docs/", "../", "/"))}
