"""The C that is emitted, on a core whose int has 16 bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

import avr
import numpy as np
import pytest
import sanitised
import sixteen_bit
import test_conv2d
import test_depthwise_conv2d
import test_elementwise
import test_fully_connected
import test_gather
import test_int16_functions
import test_int16_rescale
import test_moving
import test_pooling
import test_quantize
import test_rearranging
import test_reduce
import test_resize
import test_slices
import test_softmax
import test_transpose_conv
import test_unary
from draw import Draw
from single_op import Case, Spec, build
from small_model import small_classifier
from weighted_op import draw_cases

from mcuforge import boards, planning
from mcuforge.emit import project
from mcuforge.oracle.tflm import TFLM
from mcuforge.samples import quantised

FIRMWARE = Path(__file__).parents[3] / "firmware"
KERNELS, ENGINES, RUNTIME = (FIRMWARE / name for name in ("kernels", "engines", "runtime"))
BITS = 1234  # a seed
CASES: dict[str, Callable[[], Iterator[Case]]] = {
    "conv_2d": lambda: test_conv2d.cases(BITS, 400),
    "depthwise_conv_2d": lambda: test_depthwise_conv2d.cases(BITS, 400),
    "transpose_conv": lambda: test_transpose_conv.cases(BITS, 400),
    "fully_connected": lambda: test_fully_connected.cases(BITS, 400),
    "add": lambda: test_elementwise.cases("ADD", BITS, 400),
    "sub": lambda: test_elementwise.cases("SUB", BITS, 400),
    # Those whose rescaling shifts to the left as well.
    "mul": lambda: chain(
        *zip(
            test_elementwise.amplified_cases("MUL", BITS, 200),
            test_elementwise.cases("MUL", BITS, 200),
            strict=True,
        )
    ),
    "mean": lambda: test_reduce.cases("MEAN", BITS, 400),
    "average_pool_2d": lambda: test_pooling.cases("AVERAGE_POOL_2D", BITS, 400),
    "max_pool_2d": lambda: test_pooling.cases("MAX_POOL_2D", BITS, 400),
    "concatenation": lambda: test_moving.concatenation_cases(BITS, 400),
    "pad": lambda: test_moving.pad_cases(BITS, 400),
    **{
        name: partial(cases, BITS, 400)
        for module in (test_slices, test_rearranging, test_gather)
        for name, cases in module.CASES.items()
    },
    "resize_bilinear": lambda: test_resize.cases("RESIZE_BILINEAR", BITS, 400),
    "resize_nearest": lambda: test_resize.cases("RESIZE_NEAREST_NEIGHBOR", BITS, 400),
    "softmax": lambda: test_softmax.cases(BITS, 400),
    "relu": lambda: test_unary.relu_cases("RELU", BITS, 400),
    "quantize": lambda: few_floats(400),
    "requantize": lambda: test_quantize.requantize_cases("int8", "uint8", BITS, 400),
    "requantize_uint8": lambda: test_quantize.requantize_cases("uint8", "int8", BITS, 400),
    "dequantize": lambda: test_quantize.dequantize_cases(BITS, 400),
    "conv_2d_int16": lambda: draw_cases(partial(test_conv2d.case, wide="int64"), BITS, 400),
    "fully_connected_int16": lambda: draw_cases(
        partial(test_fully_connected.case, wide="int32"), BITS, 400
    ),
    "add_int16": lambda: test_elementwise.int16_cases("ADD", BITS, 400),
    "softmax_int16": lambda: test_int16_functions.softmax_cases(BITS, 400),
    "requantize_int16": lambda: test_int16_rescale.requantize_cases("int16", "int8", BITS, 400),
}


def few_floats(count: int) -> Iterator[Case]:
    """QUANTIZE of as many floats as fit."""
    draw = Draw(BITS)
    for _ in range(count):
        scale = draw.scale(*draw.choice([(1e-4, 1.0), (1e-7, 1e-4), (1.0, 1e20)]))
        data = test_quantize.floats(draw, scale)[::3]
        source = Spec(data.shape, "float32", None)
        target = Spec(data.shape, scale=scale, zero_point=draw.zero_point())
        yield Case(build("QUANTIZE", [source], [target]), [data], f"{scale} {target.zero_point}")


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if lacks := avr.missing():
        pytest.skip(lacks)
    return avr.build_kernels(tmp_path_factory.mktemp("kernels"))


def compare(cases: Iterator[Case], count: int, kernels: Path, folder: Path) -> None:
    """Fail unless `count` cases that fit give the oracle's bytes."""
    done = 0
    for number, case in enumerate(cases):
        file = folder / f"{number}.tflite"
        file.write_bytes(case.model)
        plan = planning.make_plan(file, "m")
        if not avr.fits(plan):
            continue
        (ours,) = avr.run(plan, [case.inputs], kernels, folder / str(number))
        expected = sanitised.run_oracle(case)
        actual = [
            np.frombuffer(data, e.dtype).reshape(e.shape)
            for data, e in zip(ours, expected, strict=True)
        ]
        sanitised.compare(f"case {number}", case, expected, actual)
        done += 1
        if done == count:
            return
    pytest.fail(f"only {done} cases fit")


# Where something other than 8 and 32 bits is computed with.
@pytest.mark.parametrize("name", ["conv_2d", "mul", "mean", "resize_bilinear", "softmax"])
def test_an_operator_gives_the_oracles_bytes(name: str, kernels: Path, tmp_path: Path) -> None:
    compare(CASES[name](), 1, kernels, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_every_operator_gives_the_oracles_bytes(name: str, kernels: Path, tmp_path: Path) -> None:
    compare(CASES[name](), 10, kernels, tmp_path)


def test_a_model_of_several_ops(kernels: Path, tmp_path: Path) -> None:
    file = tmp_path / "m.tflite"
    file.write_bytes(small_classifier())
    plan = planning.make_plan(file, "m")
    inputs = quantised.random_samples(plan.graph, 4)
    expected = [[o.tobytes() for o in outputs] for outputs in TFLM.run(file.read_bytes(), inputs)]
    assert avr.run(plan, inputs, kernels, tmp_path / "m") == expected


@pytest.mark.parametrize("source", sorted(KERNELS.glob("*.c")), ids=lambda p: p.name)
def test_no_kernel_computes_in_sixteen_bits(source: Path) -> None:
    assert sixteen_bit.findings(source, [KERNELS]) == []


PORTABLE = ("crc32", "frame", "harness", "harness_latent", "harness_trace")


@pytest.mark.parametrize("name", PORTABLE)
def test_the_runtime_does_not_either(name: str, tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(small_classifier())
    plan = planning.make_plan(tmp_path / "m.tflite", "m")
    header = project.files(plan, boards.load("host"))["board/host/board.h"]
    (tmp_path / "board.h").write_bytes(header)
    found = sixteen_bit.findings(RUNTIME / f"{name}.c", [RUNTIME, ENGINES, tmp_path])
    assert found == []


def test_nor_do_the_interface_and_the_emitted_files(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(small_classifier())
    plan = planning.make_plan(tmp_path / "m.tflite", "m")
    project.emit(plan, boards.load("host"), tmp_path / "m", flavour="library")
    headers = ("mcuforge/mf_real.h", "mcuforge/mf_latent.h")
    included = "".join(f'#include "{header}"\n' for header in headers)
    (tmp_path / "headers.c").write_text(included)
    emitted = [tmp_path / "headers.c", *(tmp_path / "m").rglob("m_*.c")]
    emitted.append(tmp_path / "m" / "example" / "main.c")
    assert len(emitted) == 5
    for source in emitted:
        includes = [tmp_path / "m" / name for name in ("include", "src", "example")]
        assert sixteen_bit.findings(source, includes) == []


SUSPECTS = {
    "int32_t f(int32_t x) { return x + (1 << 29); }": "shift count >= width",
    "int32_t f(int32_t x, int n) { return x * (1 << n); }": "'<<' is computed in an int",
    "int32_t f(int16_t a, int16_t b) { return a * b; }": "'*' is computed in an int",
    "int32_t f(uint8_t a, uint8_t b) { return a * b; }": "'*' is computed in an int",
    "int32_t f(int8_t a, int8_t b) { return a * b + a * b; }": "'+' is computed in an int",
    "uint32_t f(uint16_t a) { return (uint32_t)(a << 8); }": "'<<' is computed in an unsigned int",
    "int16_t f(int16_t x) { x = (int16_t)(x - 1); return x; }": "'-' is computed in an int",
    "int32_t f(int a, uint8_t b) { return a % b + a; }": "'+' is computed in an int",
    "int32_t f(int32_t x) { return (int)x; }": "a cast to int may lose bits",
    "int f(int32_t x) { return x; }": "implicit conversion loses integer precision",
    "enum { A = 300 }; int32_t f(uint8_t a) { return a * A; }": "'*' is computed in an int",
}
SOUND = (
    "int32_t f(int8_t a, int8_t b) { return a * b; }",
    "int32_t f(int32_t x, int n) { return x * (INT32_C(1) << n); }",
    "int32_t f(int16_t a, int32_t b) { return a * b + (1 << 10); }",
    "int32_t f(uint8_t a) { return (a & 15) * 1000 + (a >> 4) - (a == 3); }",
    "enum { A = 100 }; int32_t f(uint8_t a) { return a * A; }",
    "uint16_t f(uint16_t a, uint16_t b) { return (uint16_t)(a - b); }",
    "int32_t f(int a, uint8_t b) { return a % 256 + b; }",
)


@pytest.mark.parametrize(("code", "found"), SUSPECTS.items())
def test_the_check_finds(code: str, found: str, tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text(f"#include <stdint.h>\n{code}\n")
    (line,) = sixteen_bit.findings(tmp_path / "a.c")
    assert found in line and "a.c:2" in line


@pytest.mark.parametrize("code", SOUND)
def test_the_check_lets_pass(code: str, tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text(f"#include <stdint.h>\n{code}\n")
    assert sixteen_bit.findings(tmp_path / "a.c") == []
