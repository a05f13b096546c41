"""From codes to the numbers of the model's input: as any other samples are quantised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from single_op import Spec, build

from mcuforge import recipe
from mcuforge.errors import UsageError
from mcuforge.features import input_codes, raw_samples
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.graph import Graph
from mcuforge.recipe.features import Codes, Features
from mcuforge.samples import quantised

CODES = np.random.default_rng(3).integers(-128, 128, (20, 8)).astype(np.int8)


def features(output: Codes = "int8", scale: float = 0.125, zero_point: int = 0) -> Features:
    return Features("made", Path("made.py"), (), "int16", (4,), output, scale, zero_point)


def model(dtype: str = "int8", scale: float = 0.05, zero_point: int = 3) -> Graph:
    spec = Spec((1, 8), dtype, scale, zero_point)
    return tflite_reader.read_bytes(build("RELU", [spec], [spec]), "net")


@pytest.mark.parametrize("output", ["int8", "uint8"])
@pytest.mark.parametrize(("dtype", "zero_point"), [("int8", 3), ("int16", 0)])
@pytest.mark.parametrize("scale", [0.125, 0.05, 7.3, 0.0001])
def test_codes_become_what_their_real_values_are_quantised_to(
    output: Codes, dtype: str, zero_point: int, scale: float
) -> None:
    graph, made = model(dtype, 0.05, zero_point), features(output, scale, 7)
    codes = CODES.view(output)
    (tensor,) = (graph.tensor(i) for i in graph.inputs)
    expected = quantised.quantize_batch(made.real(codes), graph, "test")
    found = input_codes.of_codes(made, codes, tensor)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours[0].dtype == theirs[0].dtype
        assert np.array_equal(ours[0], theirs[0])


def test_codes_of_the_inputs_own_scale_are_the_input() -> None:
    (tensor,) = (model().tensor(i) for i in model().inputs)
    assert input_codes.is_identity(features("int8", tensor.quantization.scale, 3), tensor)  # type: ignore[union-attr]
    assert not input_codes.is_identity(features("int8", 0.05, 4), tensor)
    assert not input_codes.is_identity(features("uint8", 0.05, 131), tensor)


def test_a_model_of_several_inputs_or_of_indices_has_none(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(
        'name = "a"\nsummary = "b"\n[model]\ntflite = "c"\n'
        '[evaluation]\ngolden = "d"\nmetric = "none"\n'
    )
    loaded = recipe.load(tmp_path)
    spec = Spec((1, 8))
    two = tflite_reader.read_bytes(build("ADD", [spec, spec], [spec]), "net")
    with pytest.raises(UsageError, match="the only input of a model; this one has the inputs"):
        input_codes.only_input(loaded, two)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32"])
def test_samples_at_the_ends_reach_them(dtype: str) -> None:
    made = Features("made", Path("made.py"), (), dtype, (5, 3), "int8", 1.0, 0)
    ends = raw_samples.at_the_ends(made)
    limits = np.iinfo(dtype)
    assert ends.dtype == dtype and ends.shape[1:] == (5, 3)
    assert (ends.min(), ends.max()) == (limits.min, limits.max)
    assert np.array_equal(ends, raw_samples.at_the_ends(made))
    assert len(np.unique(ends.reshape(len(ends), -1), axis=0)) == len(ends)
    assert raw_samples.random(made, 0).shape == (0, 5, 3)


def test_golden_raw_samples_are_those_of_the_recipe(tmp_path: Path) -> None:
    file, raw = tmp_path / "golden.npz", np.zeros((6, 4), np.int16)
    np.savez(file, raw=raw, inputs=raw)
    assert raw_samples.golden(features(), file, 2).shape == (2, 4)
    np.savez(file, raw=raw.astype(np.int32))
    with pytest.raises(UsageError, match=r"'raw' is int32\[6, 4\]; the recipe's features.raw says"):
        raw_samples.golden(features(), file)
    np.savez(file, inputs=raw)
    with pytest.raises(UsageError, match=r"no array named 'raw'\. The recipe has \[features\]"):
        raw_samples.golden(features(), file)
