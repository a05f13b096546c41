"""mcuforge: from a Keras model to verified firmware on an Arm Cortex-M.

What `__all__` names is the Python API; whatever else lies in the package is private, and may change
with any version. Names are loaded when they are first used, so that `import mcuforge` is cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcuforge.boards import Board
    from mcuforge.boards import load as load_board
    from mcuforge.boards import names as board_names
    from mcuforge.build import BuildResult
    from mcuforge.build import build as build_firmware
    from mcuforge.convert import ConversionResult
    from mcuforge.convert import convert as convert_model
    from mcuforge.device.client import Device
    from mcuforge.device.link import Link
    from mcuforge.driver import run
    from mcuforge.emit.project import Project
    from mcuforge.emit.project import emit as emit_project
    from mcuforge.errors import (
        DeviceError,
        ForgeError,
        ModelError,
        ParityError,
        ToolError,
        UnsupportedError,
        UsageError,
    )
    from mcuforge.planning import plan_for
    from mcuforge.planning.cost import summary as plan_summary
    from mcuforge.planning.fit import check as check_fit
    from mcuforge.planning.plan import Plan
    from mcuforge.planning.rows.borders import BorderRows
    from mcuforge.proof.parity import Verdict
    from mcuforge.recipe import Recipe
    from mcuforge.recipe import load as load_recipe
    from mcuforge.recipe.quantization import QuantizationSettings
    from mcuforge.report import RunReport
    from mcuforge.report import as_json as report_json
    from mcuforge.report.run_page import as_html as report_html
    from mcuforge.scaffold import NewRecipe, RecipeOptions, init_recipe

__version__ = "0.2.0"

__all__ = [
    "Board",
    "BorderRows",
    "BuildResult",
    "ConversionResult",
    "Device",
    "DeviceError",
    "ForgeError",
    "Link",
    "ModelError",
    "NewRecipe",
    "ParityError",
    "Plan",
    "Project",
    "QuantizationSettings",
    "Recipe",
    "RecipeOptions",
    "RunReport",
    "ToolError",
    "UnsupportedError",
    "UsageError",
    "Verdict",
    "__version__",
    "board_names",
    "build_firmware",
    "check_fit",
    "convert_model",
    "emit_project",
    "init_recipe",
    "load_board",
    "load_recipe",
    "plan_for",
    "plan_summary",
    "report_html",
    "report_json",
    "run",
]

# Where each name comes from: the imports above, for when the program runs. No name is that of a
# sub-package, which Python sets on this module when it is imported.
_HOMES = {
    "Board": "boards",
    "BorderRows": "planning.rows.borders",
    "BuildResult": "build",
    "ConversionResult": "convert",
    "Device": "device.client",
    "DeviceError": "errors",
    "ForgeError": "errors",
    "Link": "device.link",
    "ModelError": "errors",
    "NewRecipe": "scaffold",
    "ParityError": "errors",
    "Plan": "planning.plan",
    "Project": "emit.project",
    "QuantizationSettings": "recipe.quantization",
    "Recipe": "recipe",
    "RecipeOptions": "scaffold",
    "RunReport": "report",
    "ToolError": "errors",
    "UnsupportedError": "errors",
    "UsageError": "errors",
    "Verdict": "proof.parity",
    "board_names": "boards:names",
    "build_firmware": "build:build",
    "check_fit": "planning.fit:check",
    "convert_model": "convert:convert",
    "emit_project": "emit.project:emit",
    "init_recipe": "scaffold",
    "load_board": "boards:load",
    "load_recipe": "recipe:load",
    "plan_for": "planning",
    "plan_summary": "planning.cost:summary",
    "report_html": "report.run_page:as_html",
    "report_json": "report:as_json",
    "run": "driver",
}

if not TYPE_CHECKING:  # a type checker would take any name for one of the API

    def __getattr__(name: str) -> object:
        """Load a name of the API."""
        if name not in _HOMES:
            raise AttributeError(f"module 'mcuforge' has no public name '{name}'")
        from importlib import import_module

        home, _, original = _HOMES[name].partition(":")
        found = getattr(import_module(f"mcuforge.{home}"), original or name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted(__all__)
