"""Samples and labels in the forms that people save them in, and what is said of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from mcuforge.errors import UsageError
from mcuforge.model_files.keras_inputs import DeclaredInput
from mcuforge.scaffold import labels, sample_files, shapes

Array = npt.NDArray[Any]
IMAGE = DeclaredInput("image", (4, 4, 1))
X, Y = np.zeros((6, 4, 4, 1), np.float32), np.arange(6)


def saved(folder: Path, **arrays: Array) -> Path:
    np.savez(folder / "samples.npz", **arrays)  # type: ignore[arg-type]
    return folder / "samples.npz"


@pytest.mark.parametrize("name", ["inputs", "image", "x", "x_test", "pictures"])
@pytest.mark.parametrize("beside", ["y", "labels", "y_test", "masks"])
def test_inputs_and_labels_are_told_apart_by_name(tmp_path: Path, name: str, beside: str) -> None:
    file = saved(tmp_path, **{name: X, beside: Y})
    given = sample_files.read_inputs(file, [IMAGE])
    assert list(given.arrays) == ["inputs"] and given.arrays["inputs"].shape == X.shape
    found = sample_files.labels_beside(file, given)
    assert found is not None and (found.values == Y).all() and found.name == beside


def test_unnamed_arrays_are_told_apart_by_shape(tmp_path: Path) -> None:
    np.savez(tmp_path / "samples.npz", X, Y)
    given = sample_files.read_inputs(tmp_path / "samples.npz", [IMAGE])
    assert given.names == ("arr_0",)
    found = sample_files.labels_beside(tmp_path / "samples.npz", given)
    assert found is not None and (found.values == Y).all()


@pytest.mark.parametrize(
    ("x", "y"), [("x_{}", "y_{}"), ("{}_images", "{}_labels"), ("{}-x", "labels-{}")]
)
@pytest.mark.parametrize("part", ["test", "val"])
def test_the_part_that_nothing_was_learnt_from_is_taken(
    tmp_path: Path, x: str, y: str, part: str
) -> None:
    arrays = {x.format("train"): X[:3], y.format("train"): Y[:3]}
    file = saved(tmp_path, **arrays, **{x.format(part): X, y.format(part): Y})
    given = sample_files.read_inputs(file, [IMAGE])
    assert given.names == (x.format(part),) and len(given.arrays["inputs"]) == 6
    assert set(given.chosen_of) == {x.format("train"), x.format(part)}
    found = sample_files.labels_beside(file, given)
    assert found is not None and found.name == y.format(part)


def test_inputs_that_could_be_two_arrays_are_asked_for(tmp_path: Path) -> None:
    file = saved(tmp_path, one=X, two=X, y=Y)
    with pytest.raises(UsageError, match=r"no array named 'inputs'.*It holds: one, two, y"):
        sample_files.read_inputs(file, [IMAGE])


def test_several_inputs_are_arrays_of_their_names(tmp_path: Path) -> None:
    file = saved(tmp_path, image=X, scale=np.ones((6, 1)), labels=Y)
    inputs = [IMAGE, DeclaredInput("scale", (1,))]
    assert list(sample_files.read_inputs(file, inputs).arrays) == ["image", "scale"]
    with pytest.raises(UsageError, match="the model has the inputs 'image', 'other'"):
        sample_files.read_inputs(file, [IMAGE, DeclaredInput("other", (1,))])


def test_labels_in_files_of_their_own(tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", Y)
    np.savez(tmp_path / "one.npz", whatever=Y)
    np.savez(tmp_path / "two.npz", x=X, y=Y)
    (tmp_path / "y.txt").write_text("0\n1\n2\n3\n4\n5\n")
    for name in ("y.npy", "one.npz", "two.npz", "y.txt"):
        assert (sample_files.read_labels(tmp_path / name).values == Y).all()
    (tmp_path / "y.csv").write_text("0, 1.5\n2, 3\n")
    assert sample_files.read_labels(tmp_path / "y.csv").values.tolist() == [[0, 1.5], [2, 3]]
    (tmp_path / "names.txt").write_text("left, slowly\n\nright\n")
    assert sample_files.read_labels(tmp_path / "names.txt").values.tolist() == [
        "left, slowly",
        "right",
    ]


def test_labels_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    np.save(tmp_path / "objects.npy", np.array(["a", None], object), allow_pickle=True)
    np.savez(tmp_path / "two.npz", a=X, b=Y)
    (tmp_path / "ragged.csv").write_text("1,2\n3\n")
    (tmp_path / "headed.csv").write_text("name,value\na,1\n")
    (tmp_path / "empty.txt").write_text("\n")
    for name, part in (
        ("objects.npy", r"numpy\.array\(names, dtype=str\)"),
        ("two.npz", "holds 'a', 'b'; which are the labels"),
        ("ragged.csv", "several columns"),
        ("headed.csv", "without a heading"),
        ("empty.txt", "holds no labels"),
        ("none.txt", "no such file"),
    ):
        with pytest.raises(UsageError, match=part):
            sample_files.read_labels(tmp_path / name)


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [((4, 4), (4, 4, 1)), ((4, 4, 1), (4, 4)), ((), (1,)), ((1, 9), (9,)), ((5, 3), (None, 3))],
)
def test_axes_of_one_are_added_and_left_out(
    shape: tuple[int, ...], wanted: tuple[int | None, ...]
) -> None:
    values = np.arange(2 * int(np.prod(shape)), dtype=np.float64).reshape(2, *shape)
    fitted, _ = shapes.fitted(values, wanted, "x")
    assert fitted.dtype == np.float32 and (fitted.reshape(-1) == values.reshape(-1)).all()
    assert all(w in (None, s) for s, w in zip(fitted.shape[1:], wanted, strict=True))


@pytest.mark.parametrize(
    ("shape", "wanted", "advice"),
    [
        ((5, 3, 8, 6), (8, 6, 3), r"channels come first.*samples\.transpose\(0, 2, 3, 1\)"),
        ((5, 8, 6, 3), (3, 8, 6), r"samples\.transpose\(0, 3, 1, 2\)"),
        ((5, 6, 8, 3), (8, 6, 3), r"samples\.transpose\(0, 2, 1, 3\)"),
        ((5, 144), (8, 6, 3), r"samples\.reshape\(-1, 8, 6, 3\)"),
        ((8, 6, 3), (8, 6, 3), r"This is one sample"),
        ((5, 8, 6, 4), (8, 6, 3), r"samples\[\.\.\., :3\]"),
        ((5, 8, 6, 3), (8, 6, 1), r"keepdims=True"),
        ((5, 8, 6, 1), (8, 6, 3), r"repeat\(3"),
        ((5, 7, 6, 3), (8, 6, 3), r"exactly as in training"),
    ],
)
def test_other_shapes_say_what_to_do(
    shape: tuple[int, ...], wanted: tuple[int, ...], advice: str
) -> None:
    with pytest.raises(UsageError, match=advice):
        shapes.fitted(np.zeros(shape, np.float32), wanted, "x.npz")


def test_what_is_no_finite_number_is_refused() -> None:
    for values, part in (
        (np.array([["a"]]), "samples are numbers"),
        (np.array([[0.0], [np.nan]]), r"NaN or infinity \(sample 1\)"),
        (np.array([[1e300]]), "NaN or infinity"),
    ):
        with pytest.raises(UsageError, match=part):
            shapes.fitted(values, None, "x")


def test_integers_become_float32_and_that_is_said() -> None:
    fitted, told = shapes.fitted(np.array([[3], [255]], np.uint8), (1,), "x")
    assert fitted.dtype == np.float32 and fitted[1, 0] == 255 and "without scaling" in told


def numbered(values: Any, *order: str) -> labels.Labels:
    return labels.numbered(np.asarray(values), "y", "y.npy", order)


def test_names_are_numbered_as_they_sort_or_as_asked() -> None:
    assert numbered(["b", "a", "b"]).values.tolist() == [1, 0, 1]
    assert numbered([b"b", b"a"]).names == ("a", "b")
    assert numbered(["b", "a"], "b", "c", "a").values.tolist() == [0, 2]
    with pytest.raises(UsageError, match="holds 'd', which --label-names does not list"):
        numbered(["a", "d"], "a", "b")


@pytest.mark.parametrize("values", [[1j], [np.nan]])
def test_labels_that_are_no_numbers_are_refused(values: list[Any]) -> None:
    with pytest.raises(UsageError, match="labels"):
        numbered(values)


@pytest.mark.parametrize(
    ("values", "normal", "expected"),
    [
        ([0, 1, 1], None, [0, 1, 1]),
        ([0, 7, 0], None, [0, 1, 0]),
        ([False, True], None, [0, 1]),
        (["worn", "OK", "worn"], None, [1, 0, 1]),
        (["cat", "dog", "dog"], "dog", [1, 0, 0]),
        ([1, -1, 1], "1", [0, 1, 0]),
        ([3, 4, 5], "4", [1, 0, 1]),
        ([[1, 0], [0, 1]], None, [0, 1]),
        ([[0], [1]], None, [0, 1]),
    ],
)
def test_anomalies(values: Any, normal: str | None, expected: list[int]) -> None:
    assert labels.anomalies(numbered(values), normal).tolist() == expected


@pytest.mark.parametrize(
    ("values", "normal", "part"),
    [
        ([1, -1], None, "which of '-1', '1' is normal.*--normal -1"),
        (["cat", "dog"], None, "which of 'cat', 'dog' is normal"),
        ([0, 1], "2", "--normal 2: y.npy holds '0', '1'"),
        ([[0.5, 0.5]], None, "one for each sample"),
    ],
)
def test_it_is_asked_what_is_normal(values: Any, normal: str | None, part: str) -> None:
    with pytest.raises(UsageError, match=part):
        labels.anomalies(numbered(values), normal)
