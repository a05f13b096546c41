"""The kernel tests' fixture: `assert_exact(cases)` runs cases on the oracle and on our kernels."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import sanitised
from single_op import Case


@pytest.fixture(scope="session")
def sanitised_kernels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All kernels as a sanitised library for each variant, built once for all test processes."""
    content = b"".join(p.read_bytes() for p in sorted(sanitised.KERNELS.glob("*.[ch]")))
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    libraries = {}
    for variant in sanitised.VARIANTS:
        library = shared / f"{variant}-{hashlib.sha256(content).hexdigest()[:16]}.so"
        if not library.exists():
            sanitised.build(library, variant)
        libraries[variant] = library
    return libraries


@pytest.fixture(scope="session")
def assert_exact(sanitised_kernels: dict[str, Path]) -> Callable[[Iterable[Case]], None]:
    """Fails with case, index, expected and actual value at the first byte that differs."""

    def check(cases: Iterable[Case]) -> None:
        cases = list(cases)
        assert cases
        expected = [sanitised.run_oracle(case) for case in cases]
        for number, found in enumerate(sanitised.run_ours(sanitised_kernels, cases)):
            for variant, ours in found.items():
                name = f"{variant}, case {number}"
                sanitised.compare(name, cases[number], expected[number], ours)

    return check
