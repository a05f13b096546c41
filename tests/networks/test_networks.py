"""Whole random networks: every op's output equals the oracle's, in every variant of the kernels."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import generator
import numpy as np
import pytest
import running
import sanitised
from network import Network
from shrink import shrunk

from mcuforge.errors import ForgeError, UnsupportedError
from mcuforge.planning.ops.registry import OPERATORS

BATCH = 50  # networks in one program
BATCHES = 20  # by default one of them
KEPT = Path(__file__).parent / "kept"


def dtype_of(seed: int) -> str:
    """Every fifth network is 16x8."""
    return "int16" if seed % 5 == 4 else "int8"


def checked(seeds: Sequence[int], folder: Path, kernels: dict[str, Path]) -> list[running.Trial]:
    """Runs these networks; a failing one is shrunk and kept, for the test below to repeat."""
    networks = {f"n{seed}": generator.network(seed, dtype_of(seed)) for seed in seeds}
    trials = [running.network_trial(name, n, folder) for name, n in networks.items()]
    found = running.problems(trials, folder, kernels)
    if found:
        name, problem = next(iter(found.items()))
        file = keep(name, networks[name], folder, kernels)
        pytest.fail(
            f"{len(found)} of {len(trials)} networks differ: {', '.join(found)}.\n{name}: {problem}"
            f"\nWhat is left of it when it is shrunk: {file}",
            pytrace=False,
        )
    return trials


def fails(network: Network, folder: Path, kernels: dict[str, Path]) -> bool:
    """True where a byte of the network differs, or a run of it ends early."""
    place = folder / f"try{len(list(folder.iterdir()))}"
    place.mkdir()
    try:
        trial = running.network_trial("n", network, place)
    except ForgeError:  # what was cut away left something that is no model
        return False
    return bool(running.problems([trial], place, kernels))


def keep(name: str, network: Network, folder: Path, kernels: dict[str, Path]) -> Path:
    """The file of the smallest network that still fails."""
    (folder / "shrinking").mkdir()
    small = shrunk(network, partial(fails, folder=folder / "shrinking", kernels=kernels))
    KEPT.mkdir(exist_ok=True)
    file = KEPT / f"{'_'.join(sorted(small.kinds)).lower()[:60]}_{name}.tflite"
    file.write_bytes(small.tflite())
    return file


def test_fifty_networks_equal_the_oracle(tmp_path: Path, kernels: dict[str, Path]) -> None:
    trials = checked(range(BATCH), tmp_path, kernels)
    drawn = {op.kind for t in trials for op in t.plan.graph.ops}
    assert len(drawn & set(generator.OPS)) > 0.9 * len(generator.OPS)
    lengths = [len(t.plan.graph.ops) for t in trials]
    assert min(lengths) < 15 and max(lengths) > 50


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(1, BATCHES))
def test_a_thousand_networks_equal_the_oracle(
    tmp_path: Path, kernels: dict[str, Path], batch: int
) -> None:
    checked(range(batch * BATCH, (batch + 1) * BATCH), tmp_path, kernels)


def test_networks_that_failed_once(tmp_path: Path, kernels: dict[str, Path]) -> None:
    """Each is exact now, or refused."""
    trials = []
    for number, file in enumerate(sorted(KEPT.glob("*.tflite"))):
        with contextlib.suppress(UnsupportedError):
            trials += [
                running.trial(f"n{number}_{seed}", file.read_bytes(), tmp_path, seed)
                for seed in range(4)
            ]
    assert running.problems(trials, tmp_path, kernels) == {}


def test_values_neither_saturate_nor_vanish(tmp_path: Path) -> None:
    """Else most of the comparisons would be of constants."""
    trials = [running.network_trial(f"n{s}", generator.network(s), tmp_path) for s in range(6)]
    shares, saturated = [], []
    for answer in running.oracle(trials):
        assert not isinstance(answer, str)
        for values in answer[0][0]:
            if values.dtype == np.int8 and values.size >= 16:
                shares.append(len(np.unique(values)))
                saturated.append(np.mean((values == 127) | (values == -128)))
    assert len(shares) > 80
    assert np.mean(np.array(shares) > 5) > 0.6
    assert np.mean(np.array(saturated) < 0.5) > 0.6


def test_a_seed_means_one_network() -> None:
    assert generator.network(3).tflite() == generator.network(3).tflite()
    assert generator.network(3).tflite() != generator.network(4).tflite()


def test_every_operator_is_drawn() -> None:
    """A new operator is a line in `generator.OPS`, or one in `ELSEWHERE` that says why not."""
    known = set(generator.OPS) | set(generator.ELSEWHERE)
    assert set(OPERATORS) - known == set(), "random networks have no such op: see generator.py"
    assert known - set(OPERATORS) == set()


def test_what_is_shrunk_still_fails() -> None:
    """Without a kernel: the failure is an ADD that another op reads, wherever it comes from."""

    def adds(found: Network) -> bool:
        sums = [i for node in found.nodes if node.kind == "ADD" for i in node.outputs]
        return any(i in sums for node in found.nodes for i in node.inputs if node.kind != "ADD")

    drawn = (generator.network(seed, least=30) for seed in range(20))
    network = next(found for found in drawn if adds(found))
    small = shrunk(network, adds)
    assert adds(small) and len(small.nodes) == 2
    assert set(small.inputs) == {i for n in small.nodes for i in n.inputs} - {
        i for i, spec in enumerate(small.tensors) if spec.data is not None
    } - {i for n in small.nodes for i in n.outputs}


def test_a_variable_is_cut_as_a_whole() -> None:
    """One that is read and never assigned, or has no handle, would be no model."""

    def logistic_in_a_model(found: Network) -> bool:
        handles = {i for node in found.nodes if node.kind == "VAR_HANDLE" for i in node.outputs}
        assigned = [node.inputs[0] for node in found.nodes if node.kind == "ASSIGN_VARIABLE"]
        read = [node.inputs[0] for node in found.nodes if node.kind == "READ_VARIABLE"]
        return "LOGISTIC" in found.kinds and set(assigned) == set(read) == handles

    drawn = (generator.network(seed) for seed in range(50))
    network = next(n for n in drawn if n.kinds >= {"LOGISTIC", "READ_VARIABLE"})
    assert logistic_in_a_model(network)
    assert shrunk(network, logistic_in_a_model).kinds == {"LOGISTIC"}


@pytest.mark.slow
def test_a_wrong_byte_is_found_and_shrunk(tmp_path: Path, kernels: dict[str, Path]) -> None:
    """A kernel that computes element 3 wrongly: the network is cut down to an op that calls it."""
    wrong = tmp_path / "wrong.c"
    text = (sanitised.KERNELS / "lookup_s8.c").read_text()
    end = (
        "    if (params->elements > 3) {\n        output[3] = (int8_t)(output[3] ^ 1);\n    }\n}\n"
    )
    assert text.endswith(");\n}\n")
    wrong.write_text(text.removesuffix("}\n") + end)
    library, both = tmp_path / "wrong.so", tmp_path / "both.so"
    running.compiled("gcc", "-shared", "-fPIC", f"-I{sanitised.KERNELS}", "-o", library, wrong)
    both.write_text(f"INPUT({library} {kernels['portable']})")  # the linker takes the first
    variant = {"wrong": both}
    drawn = (generator.network(seed, most=12) for seed in range(50))
    whole = next(network for network in drawn if "LOGISTIC" in network.kinds)
    folder = tmp_path / "run"
    folder.mkdir()
    small = shrunk(whole, partial(fails, folder=folder, kernels=variant))
    assert len(small.nodes) == 1 < len(whole.nodes)
    assert len(small.tensors) == 2
