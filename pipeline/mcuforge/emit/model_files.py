"""`Plan` -> the files of the project that depend on the model: C sources, JSON plan, kernels."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from mcuforge import __version__
from mcuforge.emit import c_names, templates
from mcuforge.emit.model_view import kernels, model_view
from mcuforge.files import paths
from mcuforge.frontend import border_names
from mcuforge.planning.plan import CArray, CStruct, KernelCall, Plan, PlannedOp
from mcuforge.planning.row_plan import Segment

TEMPLATES = {
    "model.c.j2": "model/{name}_model.c",
    "model.h.j2": "model/{name}_model.h",
    "config.h.j2": "model/{name}_config.h",
    "constants.c.j2": "model/{name}_constants.c",
    "constants.h.j2": "model/{name}_constants.h",
}
_INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
_ABI = re.compile(r"#define \w+_ABI_VERSION (\d+)")


def model_files(plan: Plan, name: str | None = None) -> dict[str, bytes]:
    """Relative path -> content of the model's sources, its plan as JSON and the kernels it calls.

    `name` is the model's C name; by default it is made from the graph's name.
    """
    name = name or c_names.identifier(plan.graph.name)
    return model_sources(plan, name) | kernel_files([plan], name)


def model_sources(plan: Plan, name: str) -> dict[str, bytes]:
    """The same without the kernels, which several models of a project share."""
    view = model_view(plan, name, __version__)
    files = {
        target.format(name=view.name): render(f"model/{template}", model=view)
        for template, target in TEMPLATES.items()
    }
    files[f"model/{view.name}_plan.json"] = _json(plan_json(plan))
    return files


def kernel_files(plans: Sequence[Plan], prefix: str) -> dict[str, bytes]:
    """The sources of the kernels that the plans call, and the headers that these include.

    Nothing where the models move no bytes. The linker sees the kernels as `<prefix>_nn_<kernel>`:
    projects that were emitted apart, by whatever versions, may then be linked into one program.
    """
    folder = paths.data_dir("firmware") / "kernels"
    called = sorted({kernel for plan in plans for kernel in kernels(plan)})
    if not called:
        return {}
    names = render("kernels/nn_names.h.j2", prefix=prefix, kernels=called)
    found = {"kernels/nn_names.h": names}
    wanted = ["nn.h", *(f"{kernel}.c" for kernel in called)]
    wanted += ["nn_rows.h"] if any(plan.segments for plan in plans) else []
    while wanted:
        name = wanted.pop()
        if f"kernels/{name}" not in found:
            content = (folder / name).read_bytes()
            found[f"kernels/{name}"] = content
            wanted += _INCLUDE.findall(content.decode())
    return found


def render(template: str, **values: Any) -> bytes:
    """A template of `templates/` with these values and the versions of the interfaces."""
    return templates.render(template, **values, abi=_abi_versions())


def _abi_versions() -> dict[str, int]:
    firmware = paths.data_dir("firmware")
    return {
        "kernels": _abi_version(firmware / "kernels" / "nn.h"),
        "engine": _abi_version(firmware / "engines" / "mcuforge" / "engine.h"),
    }


def _abi_version(header: Path) -> int:
    match = _ABI.search(header.read_text())
    if match is None:
        raise ValueError(f"{header.name} defines no ABI version")
    return int(match[1])


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2) + "\n").encode()


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON: for every op its kernel, why it was chosen, and where its tensors lie."""
    graph = plan.graph
    return {
        "mcuforge": __version__,
        "model": {"name": graph.name, "sha256": graph.model_hash},
        "arena": asdict(plan.arena),
        "state": {
            "bytes": plan.state_bytes,
            "variables": [
                _tensor_json(plan, v.tensor)
                for v in graph.variables
                if v.tensor in plan.state_offsets
            ],
        },
        "inputs": [
            {"called": name, **_tensor_json(plan, i), "row_bytes": plan.streamed.get(i)}
            for name, i in zip(border_names.input_names(graph), graph.inputs, strict=True)
        ],
        "outputs": [
            {"called": name, **_tensor_json(plan, i), "row_bytes": plan.streamed.get(i)}
            for name, i in zip(border_names.output_names(graph), graph.outputs, strict=True)
        ],
        "kernels": list(kernels(plan)),
        "ops": [_op_json(plan, position, op) for position, op in enumerate(plan.ops)],
        "row_by_row": [_segment_json(segment) for segment in plan.segments],
    }


def _segment_json(segment: Segment) -> dict[str, Any]:
    """Ops that run row by row, and the rows kept of each tensor between them."""
    kept = segment.stream.rings if segment.stream else {}
    tensors = [
        {"tensor": tensor, "rows": op.rows, "row_bytes": row_bytes, "kept": kept[tensor]}
        for op in segment.makers
        for tensor, row_bytes in op.outputs
        if tensor in kept
    ]
    return {"first_op": segment.first, "last_op": segment.last, "tensors": tensors}


def _op_json(plan: Plan, position: int, planned: PlannedOp) -> dict[str, Any]:
    op = plan.graph.ops[position]
    known = plan.offsets.keys() | plan.state_offsets.keys()
    return {
        "index": position,
        "kind": op.kind,
        "layer": plan.graph.layer(op),
        "inputs": [_tensor_json(plan, i) for i in op.inputs if i in known],
        "outputs": [_tensor_json(plan, i) for i in op.outputs],
        "folded": list(op.notes),
        "view_of": planned.view_of,
        "joined_in_place": [join.tensor for join in planned.joins],
        "calls": [_call_json(call) for call in planned.calls],
    }


def _call_json(call: KernelCall) -> dict[str, Any]:
    arrays = {
        path: {"shape": list(v.shape), "dtype": str(np.dtype(v.dtype)), "bytes": int(v.nbytes)}
        for path, _, v in call.params.arrays()
    }
    return {
        "kernel": call.kernel,
        "reason": call.reason,
        "passed_over": list(call.passed_over),
        "scratch_bytes": call.scratch_bytes,
        "overlaps": {str(number): distance for number, distance in call.overlaps.items()},
        "params": _scalars_json(call.params),
        "constants": arrays,
    }


def _scalars_json(struct: CStruct) -> dict[str, Any]:
    """The numbers of a struct; those of a struct in it as an object."""
    return {
        name: _scalars_json(value) if isinstance(value, CStruct) else value
        for name, kind, value in struct.values()
        if not isinstance(kind, CArray)
    }


def _tensor_json(plan: Plan, index: int) -> dict[str, Any]:
    tensor, join = plan.graph.tensor(index), plan.gaps.get(index)
    q = tensor.quantization
    runs = {"runs": {"bytes": join.run, "step": join.step}} if join else {}
    return {
        "tensor": index,
        "name": tensor.name,
        "shape": list(tensor.shape),
        "dtype": tensor.dtype.value,
        "scale": q.scale if q else None,
        "zero_point": q.zero_point if q else None,
        "arena_offset": plan.offsets.get(index),
        "state_offset": plan.state_offsets.get(index),
        **runs,
    }
