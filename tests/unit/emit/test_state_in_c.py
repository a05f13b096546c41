"""Emitted models that keep state, on this computer under sanitizers, against the oracle."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from emitted import SANITIZERS, WARNINGS, Array, run, source, succeed, write
from single_op import Spec, build
from stateful_models import accumulator, sequence, shown_state

from mcuforge.oracle.tflm import TFLM

FIRST = np.array([3, -128, 127, 0, 5, 6, 7], np.int8)
STEPS = 6

# Two streams take turns: what one leaves behind must not reach the other.
MAIN = """
#include <stdio.h>
#include "{name}_model.h"
static _Alignas(16) unsigned char states[2][{room}];
int main(void) {{
    const mf_model *model = &{name}_model;
#if KEPT_ARENA_BY_CALLER
    static _Alignas(16) unsigned char arena[KEPT_ARENA_BYTES];
    if ({name}_set_arena(arena, sizeof arena) != MF_OK) {{
        return 6;
    }}
#endif
    if (model->init() == MF_OK || model->reset() == MF_OK || model->invoke(NULL, NULL) == MF_OK) {{
        return 1; /* there is no state yet */
    }}
    if ({name}_set_state(NULL, {bytes}) == MF_OK ||
        {name}_set_state(states, {bytes} - 1) == MF_OK ||
        {name}_set_state((char *)states + 1, {bytes}) == MF_OK) {{
        return 2;
    }}
    for (int i = 0; i < 2; ++i) {{
        if ({name}_set_state(states[i], {bytes}) != MF_OK || model->init() != MF_OK) {{
            return 3;
        }}
    }}
    for (int step = 0;; ++step) {{
        (void){name}_set_state(states[step % 2], {bytes});
        const mf_tensor *input = &model->inputs[0];
        if (fread(input->data, input->bytes, 1, stdin) != 1) {{
            return 0;
        }}
        if (model->invoke(NULL, NULL) != MF_OK) {{
            return 4;
        }}
        for (uint32_t i = 0; i < model->output_count; ++i) {{
            (void)fwrite(model->outputs[i].data, model->outputs[i].bytes, 1, stdout);
        }}
        if (step == {reset_after} && model->reset() != MF_OK) {{
            return 5;
        }}
    }}
}}
"""


def compiled(folder: Path, main: str, *defines: str) -> Path:
    path, program = folder / "main.c", folder / "program"
    path.write_text(main)
    sources = [str(s) for s in folder.rglob("*.c") if s.name != "main.c" or s == path]
    sources = [s for s in sources if "application" not in s and "/src/main" not in s]
    includes = [f"-I{d}" for d in {p.parent for p in folder.rglob("*.h")}]
    includes += [f"-I{d.parent}" for d in folder.rglob("mcuforge") if d.is_dir()]
    succeed(
        "gcc", "-std=c11", *WARNINGS, *SANITIZERS, *defines, *includes, *sources, "-o", str(program)
    )
    return program


def outputs(model: bytes, steps: Sequence[Sequence[Array]]) -> list[bytes]:
    return [b"".join(a.tobytes() for a in step) for step in TFLM.run(model, steps)]


_SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("model", "arena"),
    [
        pytest.param(accumulator(7), 0, marks=_SLOW, id="zeros"),
        pytest.param(accumulator(7, FIRST), 0, id="first"),
        pytest.param(shown_state(), 0, marks=_SLOW, id="shown"),
        pytest.param(shown_state(), 1, id="shown_in_given_memory"),
    ],
)
def test_two_instances_that_take_turns(tmp_path: Path, model: bytes, arena: int) -> None:
    folder = write([source(model, "kept", tmp_path)], tmp_path / "p", "library")
    state = source(model, "kept", tmp_path).plan.state_bytes
    room = -(-state // 16) * 16
    main = MAIN.format(name="kept", bytes=state, room=room, reset_after=2 * STEPS)
    defines = "-DKEPT_STATE_BY_CALLER=1", f"-DKEPT_ARENA_BY_CALLER={arena}"
    program = compiled(folder, main, *defines)
    left, right = sequence((1, 7), STEPS + 3, 1), sequence((1, 7), STEPS + 3, 2)
    woven = [step for pair in zip(left, right, strict=True) for step in pair]
    # The left stream begins again after its step number STEPS.
    expected_left = [*outputs(model, left[: STEPS + 1]), *outputs(model, left[STEPS + 1 :])]
    expected = zip(expected_left, outputs(model, right), strict=True)
    assert run(program, woven) == b"".join(o for pair in expected for o in pair)


def test_the_state_is_not_in_the_arena(tmp_path: Path) -> None:
    folder = write([source(accumulator(), "kept", tmp_path)], tmp_path / "p", "library")
    text = next(folder.rglob("kept_model.h")).read_text()
    assert "#define KEPT_STATE_BYTES 7 " in text
    main = '#include "kept_model.h"\nint main(void) { return kept_model.state_bytes != 7; }\n'
    program = compiled(folder, main)
    subprocess.run([program], check=True)
    symbols = succeed("nm", program)
    assert " b kept_state\n" in symbols and " b kept_arena\n" in symbols


# What the README leaves to the reader, and a sequence for each of the two streams.
README_MAIN = """
int main(void) {{
    mf_status status = {name}_start();
    for (int step = 0; status == MF_OK && step < 2 * {steps}; ++step) {{
        status = {name}_step(step % 2 ? &right : &left);
        for (uint32_t i = 0; i < {name}_model.output_count; ++i) {{
            const mf_tensor *output = &{name}_model.outputs[i];
            (void)fwrite(output->data, output->bytes, 1, stdout);
        }}
        if (step == 2) {{
            (void){name}_begin(&left);
        }}
    }}
    return status == MF_OK ? 0 : 1;
}}
"""
_FILL = "/* ... fill all inputs of kept_model here ... */"


@pytest.mark.parametrize("flavour", ["cmake", "library"])
def test_the_readme_shows_init_step_reset_and_several_streams(tmp_path: Path, flavour: str) -> None:
    model = accumulator(7, FIRST)
    folder = write([source(model, "kept", tmp_path)], tmp_path / "p", flavour)
    text = (folder / "README.md").read_text()
    state = text.partition("\n\n## State\n\n")[2].partition("\n## ")[0]
    for word in ("`kept_model.init()`", "`kept_model.invoke(NULL, NULL)`", "`kept_model.reset()`"):
        assert word in state
    assert "| state | 7 B, kept from one inference to the next |" in text
    assert "\n\n\n" not in text
    snippet = state.split("```c\n")[1].split("```")[0]
    assert _FILL in snippet
    fill = "(void)fread(kept_model.inputs[0].data, kept_model.inputs[0].bytes, 1, stdin);"
    main = "#include <stdio.h>\n" + snippet.replace(_FILL, fill)
    program = compiled(
        folder, main + README_MAIN.format(name="kept", steps=STEPS), "-DKEPT_STATE_BY_CALLER=1"
    )
    steps = sequence((1, 7), 2 * STEPS)
    left, right = steps[::2], steps[1::2]
    expected = zip(
        [*outputs(model, left[:2]), *outputs(model, left[2:])], outputs(model, right), strict=True
    )
    assert run(program, steps) == b"".join(o for pair in expected for o in pair)


def test_a_model_without_state_has_no_word_of_it(tmp_path: Path) -> None:
    relu = source(build("RELU", [Spec((1, 4))], [Spec((1, 4))]), "plain", tmp_path)
    text = (write([relu], tmp_path / "p", "cmake") / "README.md").read_text()
    assert "state" not in text.lower() and ".reset" not in text and "\n\n\n" not in text
