"""What each kernel's prototype in `nn.h` takes, which decides the arguments of generated calls."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from mcuforge.files import paths

_PROTOTYPE = re.compile(r"^(void|bool) nn_(\w+)\(([^)]*)\);", re.MULTILINE)


@dataclass(frozen=True)
class Signature:
    """`void nn_<kernel>(params[, row], <inputs...>, output[, scratch]);`: what there is of it.

    One that `may_fail` returns bool: false where its inputs are beyond what it computes. One with a
    `row` makes only that row of its output, by its number.
    """

    inputs: int
    scratch: bool
    may_fail: bool = False
    row: bool = False


def of(kernel: str) -> Signature:
    """The signature of `nn_<kernel>`. Raises `KeyError` where `nn.h` declares no such kernel."""
    return _signatures()[kernel]


def kernel_names() -> tuple[str, ...]:
    """Every kernel that `nn.h` declares, without the prefix `nn_`."""
    return tuple(_signatures())


@cache
def _signatures() -> dict[str, Signature]:
    text = (paths.data_dir("firmware") / "kernels" / "nn.h").read_text(encoding="utf-8")
    return {
        kernel: _signature(returned, arguments)
        for returned, kernel, arguments in _PROTOTYPE.findall(text)
    }


def _signature(returned: str, arguments: str) -> Signature:
    names = [argument.split("*")[-1].strip() for argument in arguments.split(",")]
    scratch, row = names[-1] == "scratch", names[1] == "int32_t row"
    inputs = len(names) - 2 - scratch - row
    return Signature(inputs, scratch, may_fail=returned == "bool", row=row)
