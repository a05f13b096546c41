"""KernelParams -> ctypes structures: tests call kernels with the planner's parameters."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

from mcuforge.plan import CArray, KernelParams

_SCALARS: dict[str, Any] = {
    "int8_t": ctypes.c_int8,
    "uint8_t": ctypes.c_uint8,
    "int16_t": ctypes.c_int16,
    "int32_t": ctypes.c_int32,
    "uint32_t": ctypes.c_uint32,
    "float": ctypes.c_float,
}


@cache
def structure(params: type[KernelParams]) -> type[ctypes.Structure]:
    """The ctypes twin of a parameter struct."""
    members = [
        (name, ctypes.c_void_p if isinstance(kind, CArray) else _SCALARS[kind.c_type])
        for name, kind in params.members()
    ]
    return type(params.c_type, (ctypes.Structure,), {"_fields_": members})
