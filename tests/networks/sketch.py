"""A network that is being drawn: its tensors so far, and about which values they hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema
from draw import Draw
from network import Network, Node
from single_op import Spec

LEAF_WEIGHT = 5.0  # how much sooner a tensor is read that nothing reads yet
RECENT = 12  # tensors among which most ops choose

LIVELY_STEPS = 12.0  # of deviation


@dataclass(frozen=True)
class Values:
    """What a tensor holds, in real numbers: enough to choose the next scale by."""

    mean: float
    deviation: float

    @property
    def square(self) -> float:
        """The mean of the squares."""
        return self.mean**2 + self.deviation**2


class Sketch:
    """Draws ops into `network`. All activations have one integer type, `dtype`.

    Their scales come from estimates of their values, so that after sixty ops the bytes still
    differ: neither do they all saturate, nor do they all become the zero point.
    """

    def __init__(self, seed: int, dtype: str = "int8", most_elements: int = 800) -> None:
        self.draw = Draw(seed)
        self.dtype = dtype
        self.most_elements = most_elements  # of an activation
        self.network = Network()
        self.values: dict[int, Values] = {}  # of activations that ops may read
        self.first_axis = 0  # along which pads and concatenations may be: 1 keeps one picture
        self.keeps_rows = False  # whether ops leave the rows of a picture where they are
        self.is_signal = False  # whether filters have a height of 1, and pictures keep one row
        self.variables: dict[int, int] = {}  # handle -> what was read, until it is assigned

    def inner_axis(self, rank: int) -> int:
        """The first axis along which ops may take a tensor apart, reduce or permute it."""
        if self.is_signal and self.keeps_rows:
            return rank - 1
        return 2 if self.keeps_rows and rank > 2 else 0

    def free_axis(self, rank: int) -> int:
        """The first axis along which a tensor may be padded or concatenated."""
        return max(rank - 2, 0) if self.is_signal else self.first_axis

    @property
    def limits(self) -> tuple[int, int]:
        """The least and the largest value of an activation."""
        info = np.iinfo(self.dtype)
        return int(info.min), int(info.max)

    def spec(self, index: int) -> Spec:
        """A tensor's shape, type and quantisation."""
        return self.network.tensors[index]

    def scale(self, index: int) -> float:
        """An activation's scale."""
        scale = self.spec(index).scale
        assert isinstance(scale, float)
        return scale

    def add(self, spec: Spec) -> int:
        """Append a tensor that ops cannot choose."""
        self.network.tensors.append(spec)
        return len(self.network.tensors) - 1

    def constant(
        self,
        data: npt.NDArray[Any],
        scale: float | Sequence[float] | None = None,
        zero_point: int = 0,
        axis: int = 0,
        dtype: str | None = None,
    ) -> int:
        """Append a constant tensor, stored as `dtype`."""
        stored = dtype or str(data.dtype)
        return self.add(Spec(data.shape, stored, scale, zero_point, axis, data))

    def integers(self, *values: int) -> int:
        """Append a constant int32 vector: a shape, axes, paddings."""
        return self.constant(np.array(values, np.int32))

    def input(self, shape: tuple[int, ...]) -> int:
        """Append an input of the network, whose values will be all over its type."""
        low, high = self.limits
        scale = self.draw.scale(0.3, 3.0) / (0.29 * (high - low))  # of a uniform distribution
        zero_point = self.draw.zero_point() if self.dtype == "int8" else 0
        index = self.add(Spec(shape, self.dtype, float(np.float32(scale)), zero_point))
        self.network.inputs.append(index)
        deviation = 0.29 * (high - low) * scale
        self.values[index] = Values(scale * ((low + high) / 2 - zero_point), deviation)
        return index

    def quantised(
        self, shape: Sequence[int], values: Values, low: float = -math.inf, high: float = math.inf
    ) -> Spec:
        """An activation whose quantisation suits `values`, which a function keeps in a range."""
        reach = self.draw.rng.uniform(1.8, 3.5) * values.deviation
        if self.draw.chance(0.1):
            reach *= self.draw.choice([0.3, 4.0])
        first = min(max(values.mean - reach, low), 0.0)
        last = max(min(values.mean + reach, high), 0.0, first + reach / 4)
        least, largest = self.limits
        if self.dtype == "int16":
            scale, zero_point = max(-first, last) / largest, 0
        else:
            scale = (last - first) / (largest - least)
            zero_point = min(max(round(least - first / scale), least), largest)
        return Spec(tuple(shape), self.dtype, float(np.float32(scale)), zero_point)

    def alike(self, source: int, shape: Sequence[int]) -> Spec:
        """An activation of another shape, quantised as `source` is."""
        spec = self.spec(source)
        return Spec(tuple(shape), spec.dtype, spec.scale, spec.zero_point)

    def op(
        self, kind: str, inputs: Sequence[int], target: Spec, values: Values, options: Any = None,
        version: int = 1,
    ) -> int:  # fmt: skip
        """Append an op; its output, which later ops may read."""
        return self.ops(kind, inputs, [target], values, options, version)[0]

    def ops(
        self, kind: str, inputs: Sequence[int], targets: Sequence[Spec], values: Values,
        options: Any = None, version: int = 1,
    ) -> list[int]:  # fmt: skip
        """Append an op of several outputs."""
        outputs = [self.add(target) for target in targets]
        if options is None:
            options = options_of(kind)
        self.network.nodes.append(Node(kind, tuple(inputs), tuple(outputs), options, version))
        for index in outputs:
            self.values[index] = values
        return outputs

    def pick(
        self, fits: Callable[[Spec], bool] = lambda _: True, dtype: str | None = None
    ) -> int | None:
        """An activation, most often a late one that nothing reads yet; None where none fits."""
        wanted = dtype or self.dtype
        found = [i for i in self.values if self.spec(i).dtype == wanted and fits(self.spec(i))]
        if self.draw.chance(0.8):
            found = found[-RECENT:]
        if not found:
            return None
        read = {i for node in self.network.nodes for i in node.inputs}
        weights = np.array([1.0 if i in read else LEAF_WEIGHT for i in found])
        weights *= [1.0 if self.lively(i) else 0.1 for i in found]
        return int(self.draw.rng.choice(found, p=weights / weights.sum()))

    def lively(self, index: int) -> bool:
        """True where an activation holds many values: what an op may make fewer of."""
        spec = self.spec(index)
        return not isinstance(spec.scale, float) or (
            self.values[index].deviation > LIVELY_STEPS * spec.scale
        )

    def leaves(self) -> list[int]:
        """Activations that nothing reads."""
        read = {i for node in self.network.nodes for i in node.inputs}
        return [i for i in self.values if i not in read]


def options_of(kind: str, **members: Any) -> Any:
    """The ...OptionsT of an op with these members; None where the schema has none."""
    words = "".join(word.capitalize() for word in kind.split("_")).replace("2d", "2D")
    name = f"{_OPTIONS.get(kind, words)}OptionsT"
    if not hasattr(schema, name):
        assert not members, f"{kind} has no options"
        return None
    options = getattr(schema, name)()
    for member, value in members.items():
        assert hasattr(options, member), f"{kind} has no option {member}"
        setattr(options, member, value)
    return options


# Where an op's options are not called as the op is.
_OPTIONS = {
    "BATCH_MATMUL": "BatchMatMul", "L2_NORMALIZATION": "L2Norm", "MEAN": "Reducer",
    "PADV2": "PadV2", "REDUCE_MAX": "Reducer", "REDUCE_MIN": "Reducer", "SELECT_V2": "SelectV2",
    "REDUCE_ALL": "Reducer", "REVERSE_V2": "ReverseV2", "SPACE_TO_BATCH_ND": "SpaceToBatchND",
    "BATCH_TO_SPACE_ND": "BatchToSpaceND", "SUM": "Reducer", "SVDF": "SVDF",
}  # fmt: skip
