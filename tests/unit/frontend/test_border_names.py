"""What inputs and outputs are called."""

from __future__ import annotations

import re
from dataclasses import replace

from graphs import graph
from hypothesis import given
from hypothesis import strategies as st
from tflite_builder import Builder

from mcuforge.emit.model_files import model_files
from mcuforge.frontend import border_names, tflite_reader
from mcuforge.frontend.border_names import input_names, output_names
from mcuforge.frontend.graph import Graph, Signature
from mcuforge.planning import planner
from mcuforge.tflite import flatbuffer

NET = graph([(1, 4), (1, 4), (1, 4)], [("RELU", (0,), 2)], [0, 1], [2, 0, 2])


def test_a_signature_names_them() -> None:
    builder = Builder()
    first, second = builder.tensor([1, 4]), builder.tensor([1, 4])
    read = tflite_reader.read_bytes(builder.build([second, first], [first]), "net")
    assert (input_names(read), output_names(read)) == (("in0", "in1"), ("out0",))
    signature = Signature((("b", 1), ("a", 0)), (("x", 2), ("a", 0), ("y", 2)))
    named = replace(NET, signature=signature)
    assert (input_names(named), output_names(named)) == (("a", "b"), ("x", "a", "y"))


def test_without_a_signature_their_layers_do() -> None:
    assert input_names(NET) == ("layer0", "layer1")
    assert output_names(NET) == ("layer2", "layer0", "layer2_1")
    tensors = (
        replace(NET.tensors[0], name="serving_default_image:0"),
        replace(NET.tensors[1], name=""),
        replace(NET.tensors[2], name="StatefulPartitionedCall_1:0"),
    )
    converted = replace(NET, tensors=tensors, outputs=(2,))
    assert input_names(converted) == ("image", "input")
    assert output_names(converted) == ("output",)


def test_signatures_that_contradict_each_other_name_nothing() -> None:
    builder = Builder()
    source = builder.tensor([1, 4])
    builder.build([source], [source])
    builder.model.signatureDefs *= 2
    read = tflite_reader.read_bytes(flatbuffer.pack(builder.model), "net")
    assert input_names(read) == ("layer0",)


@given(st.lists(st.text(alphabet="a_1", max_size=3)))
def test_no_two_are_alike(names: list[str]) -> None:
    found = border_names.unique(names)
    assert len(set(found)) == len(names)
    assert all(f.startswith(n) for f, n in zip(found, names, strict=True))


def hostile(*names: str) -> Graph:
    tensors = zip(NET.inputs, names, strict=True)
    return replace(NET, signature=Signature(tuple((n, t) for t, n in tensors)))


def test_generated_c_holds_only_identifiers() -> None:
    graph = hostile('*/ #include "x"', "../../up")
    header = model_files(planner.plan(graph))["model/test_model.h"].decode()
    assert re.findall(r"#define (TEST_INPUT_[A-Z]\w*) (\d) ", header) == [
        ("TEST_INPUT_INCLUDE_X", "0"),
        ("TEST_INPUT_UP", "1"),
    ]
    alike = model_files(planner.plan(hostile("a b", "a-b")))["model/test_model.h"].decode()
    assert "TEST_INPUT_A_B 0" in alike and "TEST_INPUT_A_B_1 1" in alike
