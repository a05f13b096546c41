"""Every form of samples gives the same samples, or a message that says what is wrong."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcuforge.errors import UsageError
from mcuforge.model_files.keras_inputs import DeclaredInputs, declared_inputs
from mcuforge.samples import calibration

X = np.random.default_rng(1).random((6, 4, 3), np.float32)
Y = np.random.default_rng(2).random((6, 5), np.float32)


def keras_file(folder: Path, inputs: Any, **shapes: list[int | None]) -> Path:
    """A `.keras` archive that says no more than what inputs the model has."""
    layers = [
        {"class_name": "InputLayer", "config": {"name": name, "batch_shape": [None, *shape]}}
        for name, shape in shapes.items()
    ]
    with zipfile.ZipFile(folder / "model.keras", "w") as archive:
        config = {"config": {"layers": layers, "input_layers": inputs}}
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", '{"keras_version": "3.15.0"}')
        archive.writestr("model.weights.h5", b"")
    return folder / "model.keras"


def leaf(name: str) -> list[Any]:
    return [name, 0, 0]


@pytest.fixture
def one(tmp_path: Path) -> DeclaredInputs:
    found = declared_inputs(keras_file(tmp_path, leaf("image"), image=[4, 3]))
    assert found is not None and found.names == ("image",)
    return found


@pytest.fixture
def two(tmp_path: Path) -> DeclaredInputs:
    """A list in which the second comes first by the alphabet."""
    stored = [leaf("zebra"), leaf("apple")]
    found = declared_inputs(keras_file(tmp_path, stored, apple=[5], zebra=[4, 3]))
    assert found is not None and found.names == ("zebra", "apple")
    return found


@pytest.fixture
def named(tmp_path: Path) -> DeclaredInputs:
    """A dict, whose keys Keras sorts; inside it a list."""
    stored = {"b": [leaf("image")], "a": leaf("vector")}
    found = declared_inputs(keras_file(tmp_path, stored, image=[4, 3], vector=[5]))
    assert found is not None and found.names == ("vector", "image")
    return found


class Table:
    """What NumPy takes for an array, as a DataFrame and a tensor are."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.asarray(self.values, dtype)

    def __iter__(self) -> Iterator[str]:  # a DataFrame yields the names of its columns
        return iter("abc")


class Dataset:
    """Can be gone through again and again, as tf.data's."""

    def __init__(self, items: Callable[[], Iterator[Any]]) -> None:
        self.items = items

    def __iter__(self) -> Iterator[Any]:
        return self.items()


class Sequence:
    """As keras.utils.PyDataset: no iterator."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, number: int) -> np.ndarray:
        return X[2 * number : 2 * number + 2]


def representative() -> Iterator[list[np.ndarray]]:
    for sample in X:
        yield [sample[np.newaxis]]


ONE: dict[str, Any] = {
    "an array": X,
    "float64": X.astype(np.float64),
    "[x]": [X],
    "(x,)": (X,),
    "a dict": {"image": X},
    "inputs in a dict": {"inputs": X, "labels": Y},
    "a list of samples": list(X),
    "nested lists": X.astype(float).tolist(),
    "lists of rows": [list(sample) for sample in X],
    "a generator": (sample for sample in X),
    "a generator function": representative,
    "a function that returns an array": lambda: X,
    "batches": iter([X[:4], X[4:]]),
    "tuples of one": iter([(sample,) for sample in X]),
    "dicts": Dataset(lambda: iter({"image": sample} for sample in X)),
    "a table": Table(X),
    "samples that are tables": [Table(sample) for sample in X],
    "a PyDataset": Sequence(),
    "not contiguous": np.asfortranarray(X),
}


@pytest.mark.parametrize("form", ONE)
def test_one_input(one: DeclaredInputs, tmp_path: Path, form: str) -> None:
    written = calibration.write(ONE[form], tmp_path / "s.f32", one)
    assert written.count == 6 and written.layout == [("image", (4, 3))]
    assert np.array_equal(np.stack([values for (values,) in written.samples()]), X)


@pytest.mark.parametrize("form", ["inputs", "image", "arr_0", "input_0", "npy"])
def test_files_of_one_input(one: DeclaredInputs, tmp_path: Path, form: str) -> None:
    path = tmp_path / ("x.npy" if form == "npy" else "x.npz")
    if form == "npy":
        np.save(path, X)
    else:
        np.savez(path, **{form: X.astype(np.float64)})
    for source in (path, str(path)):
        assert calibration.write(source, tmp_path / "s.f32", one).count == 6


def test_one_sample_alone(one: DeclaredInputs, two: DeclaredInputs, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X[0])
    for source in (X[0], [X[0]], {"image": X[0]}, tmp_path / "x.npy", iter([X[0]])):
        written = calibration.write(source, tmp_path / "s.f32", one)
        assert written.count == 1 and np.array_equal(next(written.samples())[0], X[0])
    assert calibration.write((X[0], Y[0]), tmp_path / "s.f32", two).count == 1


TWO: dict[str, Any] = {
    "a dict": {"apple": Y, "zebra": X, "labels": np.zeros(6)},
    "a tuple": (X, Y),
    "a list": [X, Y.astype(np.float64)],
    "tuples": zip(X, Y, strict=True),
    "lists": iter([[x, y] for x, y in zip(X, Y, strict=True)]),
    "dicts": ({"apple": y, "zebra": x} for x, y in zip(X, Y, strict=True)),
    "batches of dicts": Dataset(
        lambda: iter([{"zebra": X[:4], "apple": Y[:4]}, {"zebra": X[4:], "apple": Y[4:]}])
    ),
    "a generator function": lambda: ([x[None], y[None]] for x, y in zip(X, Y, strict=True)),
    "tables": {"apple": Table(Y), "zebra": Table(X)},
}


@pytest.mark.parametrize("form", TWO)
def test_several_inputs(two: DeclaredInputs, tmp_path: Path, form: str) -> None:
    source = TWO[form]() if form == "tuples" and callable(TWO[form]) else TWO[form]
    written = calibration.write(source, tmp_path / "s.f32", two)
    assert written.layout == [("zebra", (4, 3)), ("apple", (5,))]
    xs, ys = zip(*written.samples(), strict=True)
    assert np.array_equal(np.stack(xs), X) and np.array_equal(np.stack(ys), Y)
    again = calibration.write(written.given(), tmp_path / "t.f32", two)
    assert again.file.read_bytes() == written.file.read_bytes()
    assert (written.inputs[1].low, written.inputs[1].high) == (Y.min(), Y.max())


def test_files_of_several_inputs(two: DeclaredInputs, tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    for arrays in ({"apple": Y, "zebra": X, "labels": X}, {"input_0": X, "input_1": Y}):
        np.savez(path, **arrays)
        written = calibration.write(path, tmp_path / "s.f32", two)
        assert [values.shape for values in next(written.samples())] == [(4, 3), (5,)]
    np.savez(path, X, Y)
    assert calibration.write(path, tmp_path / "s.f32", two).count == 6


def test_nested_as_the_model_is_called(named: DeclaredInputs, tmp_path: Path) -> None:
    for source in (
        {"image": X, "vector": Y},
        {"a": Y, "b": [X]},
        ({"a": y, "b": (x,)} for x, y in zip(X, Y, strict=True)),
    ):
        written = calibration.write(source, tmp_path / "s.f32", named)
        assert written.layout == [("vector", (5,)), ("image", (4, 3))]
        assert np.array_equal(next(written.samples())[1], X[0])


def needs_an_argument(_sample: int) -> None:
    """No generator function."""


def breaks() -> Iterator[np.ndarray]:
    yield X[0]
    raise KeyError("camera")


REFUSED_ONE: list[tuple[Any, str]] = [
    (((x, y) for x, y in zip(X, Y, strict=True)), r"sample 0: a tuple of 2 .*without labels"),
    (((x, x) for x in X), r"sample 0: a tuple of 2 .*model has one input.*lambda x, y: x"),
    ((X, Y), r"a tuple of 2 \(an array of shape \[6, 4, 3\].*model has one input"),
    ([X, X], r"a list of 2 .*model has one input.*without labels"),
    ({"picture": X}, r"a dict of 'picture'; expected image or inputs"),
    (X[..., 0], r"\[6, 4\] do not fit input 'image'.*\[4, 3\]"),
    (X[:, :2], r"samples of shape \[6, 2, 3\] do not fit input 'image', which is \[4, 3\]"),
    ((X * 255).astype(np.uint8), r"dtype uint8; expected float32.*samples\.astype\('float32'\)"),
    ([[1, 2, 3]] * 4, r"dtype int64; expected float32"),
    (X > 0.5, r"dtype bool; expected float32"),
    (np.array([{}]), r"dtype object"),
    (X.astype(np.complex64), r"dtype complex64"),
    (7, r"a int; give a file, an array, a dict"),
    (needs_an_argument, r"calling the function failed \(TypeError.*without arguments"),
    (breaks, r"failed at sample 1 \(KeyError: 'camera'\)"),
    ("none.npz", r"none\.npz: no such file"),
    ([X[0], X[1, :2]], r"sample 1: samples of shape \[2, 3\] do not fit"),
    (np.zeros((0, 4, 3), np.float32), r"shape \[0, 4, 3\]; expected \[N, \.\.\.\] with N > 0"),
    ((x for x in ()), r"there are no samples"),
]


@pytest.mark.parametrize(("source", "message"), REFUSED_ONE)
def test_what_is_not_clear_is_named(
    one: DeclaredInputs, tmp_path: Path, source: Any, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        calibration.write(source, tmp_path / "s.f32", one)
    assert re.search(message, caught.value.message), caught.value.message


REFUSED_TWO: list[tuple[Any, str]] = [
    (X, r"the model has the inputs 'zebra' \[4, 3\], 'apple' \[5\]; give a dict.*array of shape"),
    ((Y, X), r"samples of shape \[6, 5\] do not fit input 'zebra'"),
    ({"zebra": X}, r"the model has the inputs.*Here is a dict of 'zebra'"),
    ({"zebra": X, "apple": Y[:5]}, r"as many samples.*6 of 'zebra', 5 of 'apple'"),
    ((({"zebra": x, "apple": y}, 1) for x, y in zip(X, Y, strict=True)), r"a tuple of 2 \(a dict"),
    ({"zebra": X, "apple": Y.astype(np.int32)}, r"dtype int32"),
]


@pytest.mark.parametrize(("source", "message"), REFUSED_TWO)
def test_what_is_not_clear_of_several_inputs(
    two: DeclaredInputs, tmp_path: Path, source: Any, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        calibration.write(source, tmp_path / "s.f32", two)
    assert re.search(message, caught.value.message), caught.value.message


def test_positions_mean_nothing_where_the_model_takes_a_dict(
    named: DeclaredInputs, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="give a dict with an array for each, by name"):
        calibration.write((Y, X), tmp_path / "s.f32", named)


def test_files_without_the_inputs(one: DeclaredInputs, two: DeclaredInputs, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", pictures=X)
    with pytest.raises(UsageError, match=r"no array named 'inputs'.*'image'.*It holds: pictures"):
        calibration.write(tmp_path / "x.npz", tmp_path / "s.f32", one)
    with pytest.raises(UsageError, match="inputs 'zebra', 'apple'; give an array of that name"):
        calibration.write(tmp_path / "x.npz", tmp_path / "s.f32", two)
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(UsageError, match="one array, but the model has the inputs"):
        calibration.write(tmp_path / "x.npy", tmp_path / "s.f32", two)
    with pytest.raises(UsageError, match="a folder; give an"):
        calibration.write(tmp_path, tmp_path / "s.f32", one)


def test_nan_is_told_with_its_input(two: DeclaredInputs, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"input 'apple': the samples hold NaN .*sample 0"):
        calibration.write({"zebra": X, "apple": Y * np.nan}, tmp_path / "s.f32", two)
