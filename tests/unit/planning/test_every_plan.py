"""Every model of the tests in every memory mode: what is read is there, and the arena is small."""

from __future__ import annotations

from pathlib import Path

import plan_check
import pytest
import stand_ins

from mcuforge.engines import tflm_arena
from mcuforge.errors import ForgeError
from mcuforge.frontend import read_graph
from mcuforge.frontend.graph import Graph
from mcuforge.planning import planner
from mcuforge.planning.plan import Plan
from mcuforge.planning.plans import Plans
from mcuforge.planning.target import Target
from mcuforge.tflite.folded_file import fold

ROOT = Path(__file__).parents[3]
ZOO = sorted((ROOT / "tests" / "zoo" / "models").glob("*.tflite"))
SHIPPED = sorted((ROOT / "models").glob("*/artifacts/model.tflite"))
# Run by default; the others take longer.
QUICK = """attention_block bidirectional chirps layer_norm_mixer squeeze_and_excite svdf_streaming
    vae wake_word ad""".split()  # noqa: SIM905 - quoted words would read worse
# Above the peak of the live tensors, in every plan: the scratch of an op has nowhere to go.
ABOVE = {
    "attention_block": "BATCH_MATMUL keeps a column of int8 sums or of an unpacked factor",
    "wake_word": "CONV_2D, whose input has one row, keeps the window that it convolves",
}


def models() -> list[object]:
    """All of them, by name, the small ones by default."""
    names = {path.stem: path for path in ZOO}
    names |= {f"shipped {path.parts[-3]}": path for path in SHIPPED}
    names |= {f"stand-in {name}": name for name in stand_ins.MODELS | stand_ins.BRANCHED}
    slow = {name: [pytest.mark.slow] for name in names if name.split()[-1] not in QUICK}
    return [pytest.param(each, id=name, marks=slow.get(name, [])) for name, each in names.items()]


def file_of(source: Path | str, folder: Path) -> Path:
    if isinstance(source, Path):
        return source
    path = folder / f"{source}.tflite"
    path.write_bytes((stand_ins.MODELS | stand_ins.BRANCHED)[source]())
    return path


def graph(source: Path | str, folder: Path) -> Graph:
    return read_graph(file_of(source, folder))


def modes(plans: Plans) -> dict[str, Plan]:
    return {"fast": plans.plain, "fit": plans.fitting(), "small": plans.within(0)}


@pytest.mark.parametrize("source", models())
def test_plans_are_sound_and_within_the_live_tensors(
    source: Path | str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    plans = planner.plans(graph(source, tmp_path), Target.DSP)
    found = modes(plans)
    for plan in found.values():
        plan_check.check(plan)
    arenas = [plan.arena.bytes for plan in found.values()]
    assert arenas == sorted(arenas, reverse=True)
    above = found["fit"].arena.bytes - plans.live_peak
    if above > 0:
        assert request.node.callspec.id in ABOVE
        assert above <= scratch_at_peak(found["small"])


@pytest.mark.slow
@pytest.mark.parametrize("source", models())
def test_tflm_takes_no_less(source: Path | str, tmp_path: Path) -> None:
    """Than the head of its arena on the host: tensors and scratch, without its structs."""
    model = graph(source, tmp_path)
    try:
        taken = tflm_arena.measure(fold(file_of(source, tmp_path).read_bytes(), model).model)
    except ForgeError:
        pytest.skip("TFLM lacks an op of it")
    assert planner.plan(model, Target.DSP).arena.bytes <= taken.head


def scratch_at_peak(plan: Plan) -> int:
    """What the kernels of the op use at which most bytes are needed, rounded up."""
    return -(-plan.ops[plan.arena.peak_op].scratch_bytes // 16) * 16
