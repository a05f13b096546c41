"""A segmentation network of ops that take rows apart, as ShuffleNets and decoders have them."""

from __future__ import annotations

import numpy as np
import stand_ins
from ai_edge_litert import schema_py_generated as schema
from network import Node
from sketch import options_of


class _Drawing(stand_ins.Drawing):
    def halves(self, x: int) -> tuple[int, int]:
        """SPLIT of the channels in two."""
        *outer, channels = self._shape(x)
        axis = self._constant(np.array(3, np.int32), None)
        parts = [self._like(x, (*outer, channels // 2)) for _ in range(2)]
        options = options_of("SPLIT", numSplits=2)
        self._network.nodes.append(Node("SPLIT", (axis, x), tuple(parts), options, 1))
        return parts[0], parts[1]

    def joined(self, x: int, y: int) -> int:
        """CONCATENATION of channels, which are quantised alike."""
        *outer, channels = self._shape(x)
        options = options_of("CONCATENATION", axis=3)
        shape = (*outer, channels + self._shape(y)[3])
        return self._op("CONCATENATION", (x, y), self._like(x, shape), options, 1)

    def mirrored(self, x: int) -> int:
        """MIRROR_PAD by a pixel on each side."""
        batch, height, width, channels = self._shape(x)
        pads = self._constant(np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32), None)
        options = options_of("MIRROR_PAD", mode=schema.MirrorPadMode.REFLECT)
        shape = (batch, height + 2, width + 2, channels)
        return self._op("MIRROR_PAD", (x, pads), self._like(x, shape), options, 1)

    def doubled(self, x: int) -> int:
        """RESIZE_BILINEAR to twice the size."""
        batch, height, width, channels = self._shape(x)
        size = self._constant(np.array([2 * height, 2 * width], np.int32), None)
        options = options_of("RESIZE_BILINEAR", halfPixelCenters=True)
        shape = (batch, 2 * height, 2 * width, channels)
        return self._op("RESIZE_BILINEAR", (x, size), self._like(x, shape), options, 3)

    def _like(self, x: int, shape: tuple[int, ...]) -> int:
        zero_point = self._network.tensors[x].zero_point
        return self._activation(shape, self._scale(x), zero_point, self._square[x])


def segmentation(size: int = 32) -> bytes:
    """A map of 4 classes from `int8[1, size, size, 3]`."""
    drawing = _Drawing("split", (1, size, size, 3))
    x = drawing.conv(drawing.mirrored(drawing.input), 16, (3, 3), (1, 1), "VALID")
    for _ in range(2):
        kept, worked = drawing.halves(x)
        worked = drawing.depthwise(drawing.conv(worked, 8, (1, 1)), (3, 3))
        x = drawing.joined(kept, worked)
    x = drawing.doubled(drawing.conv(x, 8, (3, 3), (2, 2)))
    return drawing.tflite(drawing.softmax(drawing.conv(x, 4, (1, 1))))
