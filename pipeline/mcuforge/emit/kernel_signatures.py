"""What each kernel's prototype in `nn.h` takes, which decides the arguments of generated calls."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from mcuforge.files import paths

_PROTOTYPE = re.compile(r"^void nn_(\w+)\(([^)]*)\);", re.MULTILINE)


@dataclass(frozen=True)
class Signature:
    """`void nn_<kernel>(params, <inputs...>, output[, scratch]);`: how many inputs, and scratch."""

    inputs: int
    scratch: bool


def of(kernel: str) -> Signature:
    """The signature of `nn_<kernel>`. Raises `KeyError` where `nn.h` declares no such kernel."""
    return _signatures()[kernel]


def kernel_names() -> tuple[str, ...]:
    """Every kernel that `nn.h` declares, without the prefix `nn_`."""
    return tuple(_signatures())


@cache
def _signatures() -> dict[str, Signature]:
    text = (paths.data_dir("firmware") / "kernels" / "nn.h").read_text(encoding="utf-8")
    return {kernel: _signature(arguments) for kernel, arguments in _PROTOTYPE.findall(text)}


def _signature(arguments: str) -> Signature:
    names = [argument.split("*")[-1].strip() for argument in arguments.split(",")]
    scratch = names[-1] == "scratch"
    return Signature(inputs=len(names) - 2 - scratch, scratch=scratch)
