"""CStruct -> ctypes structures: tests call kernels with the planner's parameters."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy.typing as npt

from mcuforge.planning.plan import CArray, CScalar, CStruct, Member

_SCALARS: dict[str, Any] = {
    "int8_t": ctypes.c_int8,
    "uint8_t": ctypes.c_uint8,
    "int16_t": ctypes.c_int16,
    "int32_t": ctypes.c_int32,
    "int64_t": ctypes.c_int64,
    "uint32_t": ctypes.c_uint32,
    "float": ctypes.c_float,
}


@cache
def structure(struct: type[CStruct]) -> type[ctypes.Structure]:
    """The ctypes twin of a struct, with twins of the structs in it."""
    members = [(name, _ctype(kind)) for name, kind in struct.members()]
    return type(struct.c_type, (ctypes.Structure,), {"_fields_": members})


def _ctype(kind: Member) -> Any:
    if isinstance(kind, CArray):
        return ctypes.c_void_p
    return _SCALARS[kind.c_type] if isinstance(kind, CScalar) else structure(kind)


def filled(struct: CStruct, array: Callable[[npt.NDArray[Any]], int]) -> ctypes.Structure:
    """The twin with the values of `struct`; `array` places one in memory and says where."""
    members: dict[str, Any] = {}
    for name, kind, value in struct.values():
        if isinstance(value, CStruct):
            members[name] = filled(value, array)
        elif isinstance(kind, CArray):
            members[name] = None if value is None else array(value)
        else:
            members[name] = value
    return structure(type(struct))(**members)
