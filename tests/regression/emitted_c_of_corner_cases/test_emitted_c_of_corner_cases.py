"""Models at the edges, all in one project, as emitted C under sanitizers against the oracle."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from emitted import SANITIZERS, WARNINGS, main_c, run, source, succeed, write
from single_op import Case, Spec, build
from tflite_builder import Builder

from mcuforge.emit import kernel_signatures
from mcuforge.emit.model_view import model_view
from mcuforge.emit.project_files import Source
from mcuforge.files import paths
from mcuforge.oracle.tflm import TFLM

SAME, VALID = schema.Padding.SAME, schema.Padding.VALID
RELU = schema.ActivationFunctionType.RELU
COUNT = 3


def data(shape: tuple[int, ...], seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(-128, 128, shape, np.int8)


def weights(shape: tuple[int, ...]) -> Spec:
    values = np.random.default_rng(3).integers(-127, 128, shape, np.int8)
    return Spec(shape, scale=0.25, data=values)


def single(
    kind: str, shape: tuple[int, ...], rest: list[Spec | None], output: Spec, options: Any = None,
    first: bool = True,
) -> Case:  # fmt: skip
    """A model of one op whose only input has that shape; `rest` are its constants."""
    spec = Spec(shape, scale=0.5, zero_point=-7)
    inputs = [spec, *rest] if first else [*rest, spec]
    return Case(build(kind, inputs, [output], options), [data(shape)])


def transposed(
    size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int], *,
    bias: bool = False, activation: int = 0,
) -> Case:  # fmt: skip
    """A TRANSPOSE_CONV of 3 channels to 2. Where the kernel is smaller, phases have no taps."""
    options = schema.TransposeConvOptionsT()
    options.padding, options.strideH, options.strideW = SAME, *stride
    options.fusedActivationFunction = activation
    out = (1, size[0] * stride[0], size[1] * stride[1], 2)
    spec = Spec((1, *size, 3), scale=0.5, zero_point=-7)
    inputs: list[Spec | None] = [
        Spec((4,), "int32", scale=None, data=np.int32(out)),
        weights((2, *kernel, 3)),
        spec,
    ]
    if bias:
        inputs.append(Spec((2,), "int32", scale=0.125, data=np.int32([-900, 1200])))
    target = Spec(out, scale=2.0, zero_point=5)
    return Case(build("TRANSPOSE_CONV", inputs, [target], options, 3), [data(spec.shape)])


def convolution(kind: str, activation: int = 0) -> Case:
    """One pixel, one channel, one filter of one weight, and no bias."""
    depthwise = kind == "DEPTHWISE_CONV_2D"
    options = schema.DepthwiseConv2DOptionsT() if depthwise else schema.Conv2DOptionsT()
    options.padding, options.strideH, options.strideW = VALID, 1, 1
    options.dilationHFactor = options.dilationWFactor = 1
    options.fusedActivationFunction = activation
    if depthwise:
        options.depthMultiplier = 1
    weight = replace(weights((1, 1, 1, 1)), axis=3 if depthwise else 0)
    rest: list[Spec | None] = [weight] if depthwise else [weight, None]  # both mean no bias
    return single(kind, (1, 1, 1, 1), rest, Spec((1, 1, 1, 1), scale=0.7), options)


def dense() -> Case:
    options = schema.FullyConnectedOptionsT()
    target = Spec((1, 1), scale=0.7)
    return single("FULLY_CONNECTED", (1, 1), [weights((1, 1)), None], target, options)


def pool(kind: str) -> Case:
    options = schema.Pool2DOptionsT()
    options.padding = VALID
    options.strideH = options.strideW = options.filterHeight = options.filterWidth = 1
    return single(kind, (1, 1, 1, 1), [], Spec((1, 1, 1, 1), scale=0.5, zero_point=-7), options)


def constant(values: list[Any]) -> Spec:
    array = np.int32(values)
    return Spec(array.shape, "int32", scale=None, data=array)


def resize(kind: str) -> Case:
    target = Spec((1, 1, 1, 2), scale=0.5, zero_point=-7)
    options = getattr(schema, f"{kind.title().replace('_', '')}OptionsT")()
    return single(kind, (1, 1, 1, 2), [constant([1, 1])], target, options)


def views(ops: int) -> Case:
    builder = Builder()
    first = last = builder.tensor([1, 8])
    for shape in ([2, 4], [8], [1, 8], [4, 2])[:ops]:
        last = builder.reshape(last, shape)
    return Case(builder.build([first], [last]), [data((1, 8))])


SOFTMAX = schema.SoftmaxOptionsT()
SOFTMAX.beta = 1.0
NINE = Spec((1,), scale=0.25, data=np.int8([9]))
EQUAL = Spec((1, 1), scale=0.5, zero_point=-7)
CASES: dict[str, Callable[[], Case]] = {
    "kernel_1_stride_2": lambda: transposed((3, 2), (1, 1), (2, 2)),
    "kernel_2_stride_3": lambda: transposed((2, 2), (2, 2), (3, 3), bias=True),
    "kernel_1x2_stride_3x2": lambda: transposed((1, 1), (1, 2), (3, 2), activation=RELU),
    "kernel_1x1_stride_1x4": lambda: transposed((2, 3), (1, 1), (1, 4), bias=True, activation=RELU),
    "kernel_1_stride_1": lambda: transposed((1, 1), (1, 1), (1, 1)),
    "conv_of_ones": lambda: convolution("CONV_2D"),
    "depthwise_of_ones": lambda: convolution("DEPTHWISE_CONV_2D", RELU),
    "dense_of_ones": dense,
    "max_pool_of_ones": lambda: pool("MAX_POOL_2D"),
    "average_pool_of_ones": lambda: pool("AVERAGE_POOL_2D"),
    "softmax_of_one": lambda: single(
        "SOFTMAX", (1, 1), [], Spec((1, 1), scale=1 / 256, zero_point=-128), SOFTMAX
    ),
    "pad_by_nothing": lambda: single("PAD", (1, 1), [constant([[0, 0], [0, 0]])], EQUAL),
    "mean_of_one": lambda: single(
        "MEAN", (1, 1), [constant([1])], Spec((1,), scale=0.5), schema.ReducerOptionsT()
    ),
    "nearest_of_one": lambda: resize("RESIZE_NEAREST_NEIGHBOR"),
    "bilinear_of_one": lambda: resize("RESIZE_BILINEAR"),
    "add_a_constant": lambda: single(
        "ADD",
        (1, 1),
        [Spec((1,), scale=0.25, data=np.int8([9]))],
        Spec((1, 1)),
        schema.AddOptionsT(),
    ),
    "relu_of_one": lambda: single("RELU", (1, 1), [], EQUAL),
    "a_view": lambda: views(1),
    "views_only": lambda: views(4),
    "no_ops": lambda: views(0),
}


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    return {name: make() for name, make in CASES.items()}


@pytest.fixture(scope="module")
def sources(cases: dict[str, Case], tmp_path_factory: pytest.TempPathFactory) -> list[Source]:
    folder = tmp_path_factory.mktemp("models")
    return [source(case.model, name, folder) for name, case in cases.items()]


def inputs(case: Case, number: int) -> list[Any]:
    return [data(i.shape, number) for i in case.inputs]


@pytest.fixture(scope="module")
def oracle(cases: dict[str, Case]) -> dict[str, list[bytes]]:
    """Name -> the oracle's output of each sample."""
    found = {}
    for name, case in cases.items():
        samples = [inputs(case, number) for number in range(COUNT)]
        found[name] = [outputs[0].tobytes() for outputs in TFLM.run(case.model, samples)]
    return found


@pytest.mark.parametrize(
    ("compiler", "checks", "arena"),
    [
        ("gcc", SANITIZERS, "static"),
        pytest.param("clang", (), "by_caller", marks=pytest.mark.slow),
    ],  # Debian's clang has no sanitizers
)
def test_the_emitted_c_gives_the_oracle_s_bytes(
    cases: dict[str, Case],
    sources: list[Source],
    oracle: dict[str, list[bytes]],
    tmp_path: Path,
    compiler: str,
    checks: tuple[str, ...],
    arena: str,
) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    folder = write(sources, tmp_path / "project")
    before, first, options = "", "", []
    if arena == "by_caller":
        options = [f"-D{s.name.upper()}_ARENA_BY_CALLER=1" for s in sources]
        size = max(s.arena_bytes for s in sources)
        before = f"static _Alignas(16) unsigned char shared[{size}];\n"
        first = "".join(f"(void){s.name}_set_arena(shared, sizeof shared);" for s in sources)
    main = tmp_path / "main.c"
    main.write_text(main_c([s.name for s in sources], before, first))
    program = tmp_path / "program"
    flags = ("-std=c11", "-O0", *WARNINGS, *checks, *options, f"-I{folder / 'include'}")
    succeed(compiler, *flags, "-o", program, main, *sorted(folder.glob("src/*.c")))
    rounds = [[inputs(case, number) for case in cases.values()] for number in range(COUNT)]
    found = run(program, list(chain.from_iterable(rounds)))
    for number in range(COUNT):
        for name, outputs in oracle.items():
            length = len(outputs[number])
            assert found[:length] == outputs[number], (name, number)
            found = found[length:]
    assert not found


def test_a_phase_without_taps_is_among_them(sources: list[Source]) -> None:
    calls = [c for s in sources for op in s.plan.ops for c in op.calls if c.kernel == "conv2d_s8"]
    assert any(c.params.weights.size == 0 and c.scratch_bytes == 0 for c in calls)


def test_every_call_has_the_arguments_of_the_prototype(sources: list[Source]) -> None:
    """In the text, with or without scratch memory that a call has any use for."""
    header = (paths.data_dir("firmware") / "kernels" / "nn.h").read_text()
    for each in sources:
        for op in model_view(each.plan, each.name, "0").ops:
            for call in op.calls:
                declared = re.search(rf"(?:void|bool) nn_{call.kernel}\(([^)]*)\)", header)
                assert declared is not None
                assert call.arguments.count(",") == declared[1].count(","), call


def test_every_kernel_has_a_signature() -> None:
    files = (paths.data_dir("firmware") / "kernels").glob("*.c")
    assert sorted(kernel_signatures.kernel_names()) == sorted(p.stem for p in files)
    assert kernel_signatures.of("conv2d_s8") == kernel_signatures.Signature(1, scratch=True)
    assert kernel_signatures.of("add_s8") == kernel_signatures.Signature(2, scratch=False)
    gather = kernel_signatures.of("gather")
    assert gather == kernel_signatures.Signature(2, scratch=False, may_fail=True)
