"""The labels of a recipe: which are taken, and what is said of the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_model import small_classifier

from mcuforge import recipe
from mcuforge.errors import UsageError
from mcuforge.frontend import tflite_reader
from mcuforge.recipe import labels

RECIPE = """
name = "tiny"
summary = "a model"
{labels}
[model]
keras = "model.keras"
tflite = "model.tflite"
[convert]
calibration = "calibration.npz"
[evaluation]
golden = "golden.npz"
metric = "{metric}"
"""


def load(folder: Path, text: str, metric: str = "classification") -> tuple[str, ...]:
    (folder / "recipe.toml").write_text(RECIPE.format(labels=text, metric=metric))
    return recipe.load(folder).labels


def refusal(folder: Path, text: str, metric: str = "classification") -> str:
    with pytest.raises(UsageError) as caught:
        load(folder, text, metric)
    assert str(folder / "recipe.toml") in caught.value.message
    return caught.value.message


def test_labels_are_a_list_or_a_file_with_one_a_line(tmp_path: Path) -> None:
    assert load(tmp_path, "") == ()
    assert load(tmp_path, 'labels = ["no", "yes, and \\"how\\""]') == ("no", 'yes, and "how"')
    (tmp_path / "labels.txt").write_text("\ufeffgrüß\r\nno\n\n", encoding="utf-8")
    assert load(tmp_path, 'labels = "labels.txt"') == ("grüß", "no")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('labels = ["a", "b", "a"]', "'a' is there twice"),
        ('labels = ["a"]', "there are 1; it takes 2"),
        ("labels = []", "there are 0; it takes 2"),
        ('labels = ["a", ""]', "must be a list of texts"),
        ('labels = ["a", "b\\u0007"]', "must be one line of text"),
        ('labels = ["a", "b\\u202e"]', "must be one line of text"),
        ('labels = ["a", 3]', "must be a list of texts"),
        ('labels = "none.txt"', "cannot be read (No such file or directory)"),
        (f'labels = ["a", "{"b" * 101}"]', "at most 100 characters"),
    ],
)
def test_what_cannot_name_classes_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    message = refusal(tmp_path, text)
    assert expected in message
    assert "labels" in message


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a\n\nb\n", "number 1 is ''"),
        (b"a\n\xff\n", "no text in UTF-8"),
        (b"a\n\x1bb\n", "number 1"),
    ],
)
def test_a_file_is_checked_like_a_list(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "labels.txt").write_bytes(content)
    assert expected in refusal(tmp_path, 'labels = "labels.txt"')


def test_only_metrics_of_classes_take_labels(tmp_path: Path) -> None:
    assert "'regression' has no classes" in refusal(tmp_path, 'labels = ["a", "b"]', "regression")
    assert load(tmp_path, 'labels = ["a", "b"]', "none") == ("a", "b")


def test_there_is_one_for_each_class_of_the_output() -> None:
    graph = tflite_reader.read_bytes(small_classifier(), "net")
    classes = graph.tensor(graph.outputs[0]).shape[-1]
    file = Path("recipe.toml")
    labels.check_classes(file, (), graph)
    labels.check_classes(file, [str(n) for n in range(classes)], graph)
    with pytest.raises(UsageError, match=rf"there are {classes + 1}, but .* has {classes} classes"):
        labels.check_classes(file, [str(n) for n in range(classes + 1)], graph)
