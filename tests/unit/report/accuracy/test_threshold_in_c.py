"""The score in C is the score in Python: the same integers, the same decisions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from emitted import SANITIZERS, WARNINGS, run, source, succeed, write
from judged_runs import Side
from small_model import small_classifier

from mcuforge.frontend.graph import DType
from mcuforge.oracle.tflm import TFLM
from mcuforge.report.accuracy import scoring
from mcuforge.report.accuracy.scoring import Constant
from mcuforge.samples import quantised

_CONSTANTS = [
    Constant("", 1000, "*/ #error rule", 0.5, 0.25),
    Constant("_1PCT", 2000, "at most 1 %", 0.25, 0.0),
]
_PROGRAM = """
#include <stdio.h>
#include "threshold.h"
int main(void) {{
    static {into} in[{count}];
    static {out} out[{count}];
    while (fread(in, sizeof in, 1, stdin) == 1 && fread(out, sizeof out, 1, stdin) == 1) {{
        printf("%llu %d\\n", (unsigned long long)net_score(in, out), net_is_positive(in, out));
    }}
    return 0;
}}
"""
_MAIN = """
#include <stdio.h>
#include "net_model.h"
#include "threshold.h"
int main(void) {
    const mf_tensor *in = &net_model.inputs[0];
    if (net_model.init() != MF_OK) { return 1; }
    while (fread(in->data, in->bytes, 1, stdin) == 1) {
        if (net_model.invoke(NULL, NULL) != MF_OK) { return 2; }
        putchar('0' + net_is_positive(net_model.outputs[0].data));
    }
    return 0;
}
"""


def compiled(folder: Path, header: str, program: str) -> Path:
    (folder / "threshold.h").write_text(header)
    (folder / "main.c").write_text(program)
    options = ("-std=c11", *WARNINGS, *SANITIZERS, "-o", folder / "program")
    succeed("gcc", *options, folder / "main.c")
    return folder / "program"


@pytest.mark.parametrize(
    ("into", "out", "multipliers", "sum_bits"),
    [
        (Side((7,), 0.02, 3), Side((7,), 0.02, -128), (1, 1), 32),
        (Side((5,), 0.03, 0), Side((5,), 0.021, 127), (4096, 2867), 64),
        (Side((3,), 0.5, 128, DType.UINT8), Side((3,), 0.5, -3), (1, 1), 32),
        (Side((9,), 3e-5, 0, DType.INT16), Side((9,), 3e-5, 0, DType.INT16), (1, 1), 64),
    ],
)
def test_errors_are_equal_to_the_last_bit(
    tmp_path: Path, into: Side, out: Side, multipliers: tuple[int, int], sum_bits: int
) -> None:
    score = scoring.of_error(into.tensor(0, "into"), out.tensor(1, "out"))
    assert score is not None and (score.of_input, score.of_output) == multipliers
    header = score.code("Net!", "*/ anomaly", _CONSTANTS)
    assert f"uint{sum_bits}_t net_score" in header and "*/ anomaly" not in header
    types = {"into": f"{into.dtype.value}_t", "out": f"{out.dtype.value}_t"}
    program = compiled(tmp_path, header, _PROGRAM.format(count=into.shape[0], **types))
    rng, ends = np.random.default_rng(4), [np.iinfo(side.dtype.value) for side in (into, out)]
    taken = [rng.integers(e.min, e.max, (40, into.shape[0]), e.dtype, endpoint=True) for e in ends]
    for values, e, flipped in zip(taken, ends, (False, True), strict=True):
        values[0] = e.max if flipped else e.min  # the largest differences
        values[1] = e.min if flipped else e.max
        values[2] = (out if flipped else into).zero_point
    printed = run(program, list(zip(*taken, strict=True))).decode().split()
    scores = score.of(*taken)
    assert [int(text) for text in printed[::2]] == scores.tolist() and scores[2] == 0
    assert [int(text) for text in printed[1::2]] == (scores >= 1000).astype(int).tolist()
    real = [
        quantised.dequantize(v, s.tensor(0, "")) for v, s in zip(taken, (into, out), strict=True)
    ]
    expected = ((real[0].astype(float) - real[1]) ** 2).mean(axis=1)
    told = [score.real(int(s)) for s in scores]
    assert np.allclose(told, expected, rtol=2e-3, atol=1e-9)


def test_scales_far_apart_and_other_types_have_no_score() -> None:
    near, far = Side((4,), 1.0).tensor(0, "a"), Side((4,), 1e-5).tensor(1, "b")
    assert scoring.of_error(near, far) is None
    assert scoring.of_error(near, Side((4,), None, 0, DType.FLOAT32).tensor(1, "b")) is None
    assert scoring.of_error(near, Side((5,), 1.0).tensor(1, "b")) is None
    assert (
        scoring.of_output(Side((1,), None, 0, DType.FLOAT32).tensor(1, "b"), np.ones((2, 1)))
        is None
    )


def test_the_score_of_two_outputs_fits_what_they_are() -> None:
    probable = np.array([[0.25, 0.75], [0.9, 0.1]])
    assert scoring.form(probable) == "second" and scoring.form(probable[:, :1]) == "only"
    assert scoring.form(probable * [1, 3]) == scoring.form(np.array([[2.0, -1.0]])) == "difference"
    score = scoring.of_output(Side((2,), 0.5, -3).tensor(1, "out"), np.array([[4.0, 1.0]]))
    assert score is not None and score.of(np.array([[1, 4]], np.int8)).tolist() == [3]
    assert score.real(3) == 1.5 and score.of_real(np.array([[1.0, 2.5]])).tolist() == [1.5]


def test_beside_the_emitted_model_it_decides_as_the_oracle_s_outputs_do(tmp_path: Path) -> None:
    tflite = small_classifier()
    net = source(tflite, "net", tmp_path)
    folder = write([net], tmp_path / "project")
    graph = net.plan.graph
    samples = quantised.random_samples(graph, 6)
    outputs = np.stack([sample[0][0] for sample in TFLM.run(tflite, samples)])
    side = scoring.of_output(graph.tensor(graph.outputs[0]), np.array([[9.0, 1.0]]))
    assert side is not None
    cut = int(np.median(side.of(outputs[:, :2])))
    header = side.code("net", "yes", [Constant("", cut, "the middle", 0.5, 0.5)])
    (tmp_path / "threshold.h").write_text(header)
    (tmp_path / "main.c").write_text(_MAIN)
    options = ["-std=c11", *WARNINGS, f"-I{folder}/include", f"-I{folder}/src", f"-I{tmp_path}"]
    program = tmp_path / "program"
    succeed("gcc", *options, "-o", program, tmp_path / "main.c", *folder.glob("src/*.c"), "-lm")
    expected = "".join("1" if s >= cut else "0" for s in side.of(outputs[:, :2]))
    assert run(program, samples).decode() == expected and len(set(expected)) == 2
