"""The JSON documents that mcuforge writes: how each begins, and the types of what they hold.

A document begins with the version of mcuforge and the name of its schema:

    {"mcuforge": "0.1.0", "schema": "run/1", ...}

The number grows where a script that reads the document would have to change; keys may be added
without that. Types only: they know nothing of the stages that fill them.
"""

from __future__ import annotations

from typing import Any

from mcuforge import __version__


def document(schema: str, content: dict[str, Any]) -> dict[str, Any]:
    """The document of a schema, such as "run/1", with its content."""
    return {"mcuforge": __version__, "schema": schema, **content}
