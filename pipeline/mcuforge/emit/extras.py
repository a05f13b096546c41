"""What an application needs beside the model and only its recipe knows: labels, features.

`Extras` -> relative path and content of C files that belong to one model, whatever computes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcuforge import __version__
from mcuforge.emit import front_end, templates
from mcuforge.emit.front_end import FrontEnd
from mcuforge.frontend.graph import Graph
from mcuforge.recipe import Recipe, labels


@dataclass(frozen=True)
class Extras:
    """`labels` are what the classes are called, in their order; none where nobody told.

    `front_end` makes the model's input of raw samples.
    """

    labels: tuple[str, ...] = ()
    front_end: FrontEnd | None = None

    def files(self, graph: Graph, name: str) -> dict[str, bytes]:
        """Relative path -> content of what belongs to the model with the C name `name`."""
        labels = _label_files(self.labels, graph, name) if self.labels else {}
        return labels | (self.front_end.files(graph, name) if self.front_end else {})


NO_EXTRAS = Extras()


def of_recipe(recipe: Recipe | None, graph: Graph) -> Extras:
    """What the recipe of a model brings. Raises `UsageError` where it does not fit the model."""
    if recipe is None:
        return NO_EXTRAS
    labels.check_classes(recipe.file, recipe.labels, graph)
    return Extras(recipe.labels, front_end.of_recipe(recipe, graph))


def _label_files(texts: Sequence[str], graph: Graph, name: str) -> dict[str, bytes]:
    values = {
        "name": name,
        "title": graph.name,
        "labels": texts,
        "version": __version__,
        "hash": graph.model_hash,
    }
    return {
        f"model/{name}_labels.{kind}": templates.render(f"model/labels.{kind}.j2", it=values)
        for kind in ("c", "h")
    }
