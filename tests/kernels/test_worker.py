"""The child that the kernels run in: what it dies of is told, and another follows it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import sanitised
from single_op import Case, Spec, build


def case(kind: str, note: str) -> Case:
    """An op of one int8 tensor."""
    spec = Spec((1, 3), scale=0.5)
    return Case(build(kind, [spec], [spec]), [np.array([[-1, 0, 1]], np.int8)], note)


def test_a_byte_too_many_is_told_with_its_case(tmp_path: Path) -> None:
    kernel, library = tmp_path / "wrong.c", tmp_path / "wrong.so"
    text = (sanitised.KERNELS / "lookup_s8.c").read_text()
    assert "output, params->elements)" in text
    kernel.write_text(text.replace("params->elements)", "params->elements + 1)"))
    command = ["gcc", "-g1", "-fPIC", "-shared", f"-I{sanitised.KERNELS}", *sanitised.SANITIZERS]
    subprocess.run([*command, "-o", library, kernel], check=True)
    worker = sanitised.Worker({"wrong": library}, tmp_path / "log")
    view, table = case("RESHAPE", "a view"), case("RELU", "a table")
    with pytest.raises(pytest.fail.Exception) as failed:
        worker.run([view, view, table, view])
    told = str(failed.value)
    assert told.startswith("case 2 ['in wrong'] (a table):\n")
    assert "heap-buffer-overflow" in told and "wrong.c:" in told
    (found,) = worker.run([view])
    np.testing.assert_array_equal(found["wrong"][0], view.inputs[0])
    worker.stop()
