"""Models whose inputs and outputs stream, as an application sees them."""

from __future__ import annotations

from pathlib import Path

import pytest
from emitted import SANITIZERS, WARNINGS, succeed, unpack

from mcuforge import boards, planning
from mcuforge.emit.model_files import plan_json
from mcuforge.emit.project_files import Source, project_files
from mcuforge.planning.plan import Plan
from mcuforge.planning.rows.borders import BorderRows
from mcuforge.recipe import load

MODELS = Path(__file__).parents[3] / "models"
MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auto_model.h"

static uint8_t result[1024];
static uint32_t given, taken, stop_at_given = 99, stop_at_taken = 99;

static int give(void *context, uint32_t input, uint32_t row, void *destination, uint32_t bytes) {
    if (context != result || input != 0 || bytes != AUTO_INPUT_0_ROW_BYTES || row != given) {
        exit(10);
    }
    for (uint32_t i = 0; i < bytes; i++) {
        ((uint8_t *)destination)[i] = (uint8_t)(7u * row + i);
    }
    given++;
    return row == stop_at_given ? -5 : 0;
}

static int take(void *context, uint32_t output, uint32_t row, const void *source, uint32_t bytes) {
    if (context != result || output != 0 || bytes != AUTO_OUTPUT_0_ROW_BYTES || row != taken) {
        exit(11);
    }
    memcpy(result + row * bytes, source, bytes);
    taken++;
    return row == stop_at_taken ? 1 : 0;
}

static mf_status run(void) {
    given = taken = 0;
    return auto_model.invoke(NULL, NULL);
}

int main(void) {
    const mf_rows only_give = {.give = give};
    const mf_rows both = {.give = give, .take = take, .context = result};
    uint8_t first[1024];
    if (auto_model.init() != MF_OK || run() != MF_ERROR || given != 0) { return 1; }
    if (auto_model.set_rows(NULL) != MF_ERROR || auto_model.set_rows(&only_give) != MF_ERROR ||
        run() != MF_ERROR || auto_model.set_rows(&both) != MF_OK) { return 2; }
    if (auto_model.inputs[0].data != NULL || auto_model.outputs[0].data != NULL) { return 3; }
    if (run() != MF_OK || given != 32 || taken != 32) { return 4; }
    memcpy(first, result, sizeof first);
    for (stop_at_given = 0; stop_at_given < 32; stop_at_given++) {
        if (run() != MF_STOPPED || given != stop_at_given + 1) { return 5; }
    }
    for (stop_at_taken = 0; stop_at_taken < 32; stop_at_taken++) {
        if (run() != MF_STOPPED || taken != stop_at_taken + 1) { return 6; }
    }
    if (run() != MF_OK || memcmp(first, result, sizeof first) != 0) { return 7; }
    printf("%u %u\\n", given, taken);
    return 0;
}
"""


def plan(memory: int | None) -> Plan:
    model = load(MODELS / "autoencoder").tflite
    return planning.make_plan(model, "auto", budget=memory, borders=BorderRows(True, True))


@pytest.mark.parametrize("budget", [0, pytest.param(None, marks=pytest.mark.slow)])
def test_any_callback_ends_an_inference_and_the_next_is_whole(
    budget: int | None, tmp_path: Path
) -> None:
    files = project_files([Source(plan(budget), "auto")], boards.load("host"), "auto", "library")
    unpack(files, tmp_path)
    main = tmp_path / "rows_main.c"
    main.write_text(MAIN)
    sources = [tmp_path / path for path in files if path.startswith("src/") and path[-2:] == ".c"]
    program = tmp_path / "program"
    include = ("-I", tmp_path / "include", "-I", tmp_path / "src")
    succeed(
        "gcc", "-std=c11", "-O1", *WARNINGS, *SANITIZERS, *include, "-o", program, main, *sources
    )
    assert succeed(program) == "32 32\n"


@pytest.mark.slow
def test_the_example_runs_on_this_computer(tmp_path: Path) -> None:
    files = project_files([Source(plan(0), "auto")], boards.load("host"), "auto", "library")
    unpack(files, tmp_path)
    sources = [p for p in tmp_path.rglob("*.c") if "rows_main" not in p.name]
    program = tmp_path / "program"
    include = [f"-I{folder}" for folder in {p.parent for p in tmp_path.rglob("*.h")}]
    options = ("-std=c11", "-DMF_HOST", *WARNINGS, *SANITIZERS, f"-I{tmp_path / 'include'}")
    succeed("gcc", *options, *include, "-o", program, *sources)
    assert succeed(program).count("largest output") == 3


def test_the_plan_tells_which_borders_stream() -> None:
    told = plan_json(plan(0))
    assert [t["row_bytes"] for t in told["inputs"] + told["outputs"]] == [32, 32]
    tensors = [t["tensor"] for segment in told["row_by_row"] for t in segment["tensors"]]
    assert {t["tensor"] for t in told["inputs"] + told["outputs"]} <= set(tensors)
