"""The kernel tests' fixture: `assert_exact(cases)` runs cases on the oracle and on our kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import draw
import pytest
import sanitised
from single_op import Case


@pytest.fixture(scope="session")
def sanitised_kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sanitised.Worker]:
    """All kernels as a sanitised library for each variant, in a child process."""
    libraries = sanitised.libraries(tmp_path_factory.getbasetemp())
    worker = sanitised.Worker(libraries, tmp_path_factory.mktemp("kernels") / "log")
    yield worker
    worker.stop()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test of random cases runs `--rounds` times, each time with cases of its own."""
    if "draw_round" in metafunc.fixturenames:
        later = range(1, metafunc.config.getoption("--rounds"))
        rounds = [0, *(pytest.param(number, marks=pytest.mark.slow) for number in later)]
        metafunc.parametrize(
            "draw_round", rounds, indirect=True, scope="session", ids=lambda n: f"round{n}"
        )


@pytest.fixture(scope="session")
def draw_round(request: pytest.FixtureRequest) -> Iterator[None]:
    """Gives all seeds of the kernel tests another meaning in each round."""
    draw.Draw.round = request.param
    yield
    draw.Draw.round = 0


@pytest.fixture(scope="session")
def assert_exact(
    sanitised_kernels: sanitised.Worker,
    draw_round: None,  # noqa: ARG001
) -> Callable[[Iterable[Case]], None]:
    """Fails with case, index, expected and actual value at the first byte that differs."""

    def check(cases: Iterable[Case]) -> None:
        cases = list(cases)
        assert cases
        expected = [sanitised.run_oracle(case) for case in cases]
        for number, found in enumerate(sanitised_kernels.run(cases)):
            for variant, ours in found.items():
                name = f"{variant}, case {number}"
                sanitised.compare(name, cases[number], expected[number], ours)

    return check
