"""Labels of a recipe whose model is quantised already."""

from __future__ import annotations

from pathlib import Path

from small_model import small_classifier

from mcuforge import driver, planning
from mcuforge.emit.extras import of_recipe

RECIPE = """
name = "net"
summary = "a model"
labels = [{labels}]
[model]
tflite = "model.tflite"
[evaluation]
golden = "golden.npz"
metric = "none"
"""


def test_labels_reach_the_firmware(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(small_classifier())
    plan = planning.make_plan(tmp_path / "model.tflite")
    classes = plan.graph.tensor(plan.graph.outputs[0]).shape[-1]
    labels = tuple(f"class {n}" for n in range(classes))
    (tmp_path / "recipe.toml").write_text(
        RECIPE.format(labels=", ".join(f'"{label}"' for label in labels))
    )
    source = driver.prepare(tmp_path, None, tmp_path, lambda _what, _done, _total: None)
    assert of_recipe(source.described_by, plan.graph).labels == labels
