"""From a tensor name of a `.tflite` to the Keras layer it came from, as well as can be done.

Keras 3 traces the model a second time for the converter, which numbers every scope, and the
converter appends numbers to op names and joins the names of fused ops:

    unet_1/encode_a_1/Relu;unet_1/encode_a_1/convolution1  ->  encode_a
    serving_default_image:0                                ->  image
    StatefulPartitionedCall_1:0                            ->  output
"""

from __future__ import annotations

import re
from collections.abc import Collection

_INPUT = re.compile(r"^serving_default_(.+?)(:\d+)?$")
_OUTPUT = re.compile(r"^(?:StatefulPartitionedCall|PartitionedCall|Identity)(?:_\d+)?(?::\d+)?\d*$")
_NUMBERED = re.compile(r"^(.+)_\d+$")
_ANONYMOUS_MODEL = re.compile(r"^(functional|sequential|model)(_\d+)*$")
_DEPTH = 2  # of model/layer/op
_WORK = re.compile(r"conv|matmul", re.IGNORECASE)


def layer_name(tensor_name: str, layers: Collection[str] = ()) -> str:
    """The Keras layer of a tensor; the name itself where nothing can be told.

    `layers`, the model's real layer names where they are known, decides between `conv_1` as a
    layer's name and `conv` traced again.
    """
    name = _main_part(tensor_name)
    if match := _INPUT.match(name):
        return match.group(1)
    if _OUTPUT.match(name):
        return "output"
    model, *scopes = name.split("/")
    if not scopes:
        return name
    if len(scopes) == 1:  # layer/op, or model/op for an op outside any layer
        return scopes[0] if _ANONYMOUS_MODEL.match(model) else _untraced(model, model, layers)
    return _untraced(scopes[0], model, layers)


def _main_part(name: str) -> str:
    """Of the names of fused ops, the one that does the work: not the activation."""
    parts = name.split(";")
    # The converter cuts long names off, which may leave of the last one less than a layer.
    parts = [part for part in parts if part.count("/") >= _DEPTH] or parts
    working = [part for part in parts if _WORK.search(part.rpartition("/")[2])]
    return (working or parts)[-1]


def _untraced(scope: str, model: str, layers: Collection[str]) -> str:
    """The scope without the number of the second trace, if it seems to carry one."""
    numbered = _NUMBERED.match(scope)
    if scope in layers or numbered is None:
        return scope
    traced = numbered.group(1) in layers if layers else _NUMBERED.match(model) is not None
    return numbered.group(1) if traced else scope
