"""What `example --json` prints: the examples that there are, or the one that was written."""

from __future__ import annotations

from msgspec import Struct

SCHEMA, SCHEMA_OF_LIST = "example/1", "examples/1"


class ExampleDocument(Struct, frozen=True):
    """The files of an example that was written into a folder."""

    mcuforge: str
    schema: str
    folder: str
    files: tuple[str, ...]


class Example(Struct, frozen=True):
    """An example, and how it is judged."""

    name: str
    summary: str
    metric: str


class ExamplesDocument(Struct, frozen=True):
    """The examples that there are."""

    mcuforge: str
    schema: str
    examples: tuple[Example, ...]
