"""The JSON schema of every document, made from its type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from mcuforge.documents import (
    bench,
    compare,
    error,
    example,
    firmware,
    fit,
    init,
    inspection,
    machine,
    models,
    profile,
    quantization,
    run,
    tune,
)

_REFERENCE = "#/$defs/{name}"
# By the command that prints it; `examples` by `example` without a name.
TYPES: Mapping[str, tuple[str, type[Struct]]] = {
    "run": (run.SCHEMA, run.RunDocument),
    "compare": (compare.SCHEMA, compare.CompareDocument),
    "bench": (bench.SCHEMA, bench.BenchDocument),
    "profile": (profile.SCHEMA, profile.ProfileDocument),
    "init": (init.SCHEMA, init.InitDocument),
    "example": (example.SCHEMA, example.ExampleDocument),
    "examples": (example.SCHEMA_OF_LIST, example.ExamplesDocument),
    "fit": (fit.SCHEMA, fit.FitDocument),
    "train": (models.TRAIN, models.TrainDocument),
    "convert": (models.CONVERT, models.ConvertDocument),
    "inspect": (inspection.SCHEMA, inspection.InspectDocument),
    "explore": (models.EXPLORE, models.ExploreDocument),
    "debug-quantization": (quantization.SCHEMA, quantization.QuantizationDocument),
    "quantize-table": (quantization.TABLE, quantization.QuantizeTableDocument),
    "tune": (tune.SCHEMA, tune.TuneDocument),
    "sweep": (tune.SWEEP, tune.SweepDocument),
    "emit": (firmware.EMIT, firmware.EmitDocument),
    "build": (firmware.BUILD, firmware.BuildDocument),
    "simulate": (firmware.SIMULATE, firmware.SimulateDocument),
    "flash": (firmware.FLASH, firmware.FlashDocument),
    "boards": (machine.BOARDS, machine.BoardsDocument),
    "doctor": (machine.DOCTOR, machine.DoctorDocument),
    "error": (error.SCHEMA, error.ErrorDocument),
}
SAME = {"parity": "run"}  # commands that print the document of another


def of(name: str, details: Mapping[str, type] | None = None) -> dict[str, Any]:
    """The schema of a document by its command: closed, so that a renamed key is noticed.

    `details` are the types of what a run's report holds under that key, by their names.
    """
    schema, kind = TYPES[name]
    held = dict(details or {})
    (reference, *inner), components = msgspec.json.schema_components(
        [kind, error.Error, *held.values()], ref_template=_REFERENCE
    )
    reason, *detailed = inner
    for component in components.values():
        if "properties" in component:
            component.setdefault("additionalProperties", False)
    if name == "run":
        components["Report"]["properties"]["details"] = _details(
            dict(zip(held, detailed, strict=True))
        )
    properties = components[reference["$ref"].rpartition("/")[2]]["properties"]
    properties["schema"] = {"const": schema}
    if name != "error":  # what was found before a command failed
        properties["error"] = reason
    return {**reference, "$defs": components}


def _details(properties: dict[str, Any]) -> dict[str, Any]:
    """What sections of the page show; each is there where it has something to show."""
    return {
        "type": "object",
        "properties": properties,
        "required": [],
        "additionalProperties": False,
    }
