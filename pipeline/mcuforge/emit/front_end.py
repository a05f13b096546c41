"""A recipe's features in a project: the user's C as it is, and what joins it to the model.

`Features`, model -> relative path and content. The user's files keep their names, in a folder that
no compiler searches for headers, so that a `features.h` hides none of the C library's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mcuforge import __version__
from mcuforge.emit import c_names, c_values, templates
from mcuforge.emit.model_view import C_TYPES
from mcuforge.errors import UsageError
from mcuforge.features import input_codes
from mcuforge.files import untrusted
from mcuforge.frontend.graph import Graph, Tensor
from mcuforge.planning.plan import shape_text
from mcuforge.recipe import Recipe
from mcuforge.recipe.features import Features
from mcuforge.wording.escape import Escaped, markdown_code

FOLDER = "features"


@dataclass(frozen=True, eq=False)
class FrontEnd:
    """The features of a model with the content of their C files, by name."""

    features: Features
    sources: Mapping[str, bytes]

    def files(self, graph: Graph, name: str) -> dict[str, bytes]:
        """Relative path -> content of what belongs to the model with the C name `name`."""
        _check_name(self.features, name)
        it = view(self.features, graph, name)
        joined = {
            f"model/{name}_raw.{kind}": templates.render(f"model/raw.{kind}.j2", it=it)
            for kind in ("c", "h")
        }
        return joined | {f"{folder(name)}{file}": data for file, data in self.sources.items()}


@dataclass(frozen=True)
class FrontEndView:
    """What the templates show. Types are those of C; `values` is None where codes are the input."""

    name: str
    title: str
    version: str
    hash: str
    function: str
    raw_type: str
    raw_shape: Escaped
    raw_elements: int
    code_type: str
    scale: str
    zero_point: int
    elements: int
    input_type: str
    values: str | None
    comment: str


def of_recipe(recipe: Recipe, graph: Graph) -> FrontEnd | None:
    """The front end of a model, None where its recipe has none.

    Raises `UsageError` where a file cannot be read, or the features cannot make the model's input.
    """
    if recipe.features is None:
        return None
    input_codes.only_input(recipe, graph)
    sources = {}
    for path in recipe.features.c:
        try:
            sources[path.name] = untrusted.read(path)
        except OSError as error:
            problem = f"{path} cannot be read ({error.strerror})"
            raise UsageError(f"{recipe.file}: features.c: {problem}.") from None
    return FrontEnd(recipe.features, sources)


def folder(name: str) -> str:
    """Where the user's files of a model lie in a project."""
    return f"{FOLDER}/{name}/"


def view(features: Features, graph: Graph, name: str) -> FrontEndView:
    """What the templates show of a model's front end."""
    tensor = graph.tensor(graph.inputs[0])
    return FrontEndView(
        name=name,
        title=graph.name,
        version=__version__,
        hash=graph.model_hash,
        function=features.function,
        raw_type=f"{features.raw_dtype}_t",
        raw_shape=markdown_code(features.raw_text),
        raw_elements=features.raw_elements,
        code_type=f"{features.output}_t",
        scale=c_values.floating(features.scale),
        zero_point=features.zero_point,
        elements=tensor.elements,
        input_type=C_TYPES[tensor.dtype],
        values=_values(features, tensor),
        comment=shape_text(tensor),
    )


def _values(features: Features, tensor: Tensor) -> str | None:
    if input_codes.is_identity(features, tensor):
        return None
    made = input_codes.table(features, tensor)
    return c_values.initializer(C_TYPES[tensor.dtype], np.asarray(made))


def _check_name(features: Features, name: str) -> None:
    ours = {f"{name}_{word}" for word in ("run_raw", "fill_from_raw", "model", "labels")}
    function = features.function
    if function in ours or c_names.identifier(function) != function:
        raise UsageError(
            f"features.function: {function} is a word of C or a name of the project's. Call the "
            "function otherwise."
        )
