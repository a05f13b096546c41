"""The pictures of a run, and that the page shows them and nothing from outside."""

from __future__ import annotations

import base64
import dataclasses
import json

import numpy as np
import pytest
from png import decode

from mcuforge import report
from mcuforge.proof.parity import Comparison, Verdict
from mcuforge.recipe import Metric
from mcuforge.report import Costs, RunReport, gallery, run_page
from mcuforge.report.gallery import Gallery, Row

SHAPE = (8, 3, 4, 1)


def pixels(uri: str) -> np.ndarray:
    """The array in a data URI."""
    return decode(base64.b64decode(uri.partition(",")[2]))


def shown(made: Gallery | None) -> dict[str, list[np.ndarray]]:
    """The pictures of a gallery by heading."""
    assert made is not None
    columns = zip(*(row.pictures for row in made.rows), strict=True)
    return {h: [pixels(uri) for uri in c] for h, c in zip(made.headings, columns, strict=True)}


def test_a_reconstruction_shows_the_first_samples_and_those_that_differ_most() -> None:
    inputs = np.random.default_rng(2).random(SHAPE)
    device = inputs.copy()
    device[6, 1, 2, 0] += 0.5
    device[5, 0, 0, 0] -= 0.25
    made = gallery.make(Metric.RECONSTRUCTION, inputs, {}, inputs, device)
    assert made is not None and "0.5" in made.note
    assert [row.label for row in made.rows] == [
        "sample 0", "sample 1", "sample 2", "sample 3",
        "sample 6, differs most", "sample 5, differs most",
    ]  # fmt: skip
    columns = shown(made)
    assert list(columns) == ["input", "float model", "device", "difference"]
    assert np.array_equal(columns["input"][3], np.round(inputs[3, :, :, 0] * 255))
    assert not columns["difference"][0].any()
    assert columns["difference"][4][1, 2] == 255 and columns["difference"][5][0, 0] == 128


def test_denoising_shows_the_clean_samples() -> None:
    inputs = np.zeros(SHAPE)
    golden = {"clean": np.ones(SHAPE)}
    columns = shown(gallery.make(Metric.DENOISING, inputs, golden, inputs, inputs))
    assert list(columns) == ["input", "without noise", "float model", "device", "difference"]
    assert (columns["without noise"][0] == 255).all() and not columns["difference"][0].any()


def test_segmentation_shows_classes_and_marks_where_they_differ() -> None:
    inputs, masks = np.zeros(SHAPE), np.zeros(SHAPE[:3], np.uint8)
    masks[0, 2, 3] = 1
    floats = np.broadcast_to([0.9, 0.1], (*SHAPE[:3], 2)).copy()
    device = floats.copy()
    floats[0, 2, 3] = [0.4, 0.6]
    device[0, 2, 3] = [0.6, 0.4]
    device[0, 0, 0] = [0.8, 0.2]
    columns = shown(
        gallery.make(Metric.SEGMENTATION, inputs, {"masks": masks}, floats, device.reshape(8, -1))
    )
    assert list(columns) == ["input", "mask", "float model", "device", "difference"]
    assert columns["mask"][0].tolist() == columns["float model"][0].tolist()
    assert columns["float model"][0][2, 3] == 255 and not columns["device"][0].any()
    difference = columns["difference"][0]
    assert difference[2, 3].tolist() == [200, 0, 0] and difference[0, 0].tolist() == [128] * 3


@pytest.mark.parametrize("shape", [(8, 12), (8, 3, 4, 2)])
def test_samples_that_are_no_pictures_have_no_gallery(shape: tuple[int, ...]) -> None:
    values = np.zeros(shape)
    assert gallery.make(Metric.RECONSTRUCTION, values, {}, values, values) is None


def test_a_classifier_shows_what_it_takes_for_something_else() -> None:
    inputs = np.random.default_rng(1).normal(0, 1, (20, 3, 4, 1))
    labels = np.arange(20) % 2
    device = np.eye(2)[np.where(np.isin(np.arange(20), (1, 7, 12)), 1 - labels, labels)]
    made = gallery.classified(inputs, labels, device, ("<no>", "yes"))
    assert made is not None and made.headings == (
        "sample 0: <no>", "sample 1: yes, taken for <no>", "sample 2: <no>", "sample 3: yes",
        "sample 7: yes, taken for <no>", "sample 12: <no>, taken for yes",
    )  # fmt: skip
    taken = inputs[[0, 1, 2, 3, 7, 12]]
    shades = [pixels(uri) for uri in made.rows[0].pictures]
    assert min(each.min() for each in shades) == 0 and max(each.max() for each in shades) == 255
    expected = np.round((taken[4, :, :, 0] - taken.min()) / (taken.max() - taken.min()) * 255)
    assert np.array_equal(shades[4], expected)
    all_right = gallery.classified(inputs[:2] * 0 + 0.5, labels[:2], np.eye(2))
    assert all_right is not None and all_right.headings == (
        "sample 0: class 0",
        "sample 1: class 1",
    )
    assert (pixels(all_right.rows[0].pictures[0]) == 128).all()
    assert gallery.classified(inputs[..., 0], labels, device) is None


def test_no_metric_no_gallery_and_few_samples_are_enough() -> None:
    one = np.zeros((1, 2, 2, 3))
    assert gallery.make(Metric.NONE, one, {}, one, one) is None
    assert len(shown(gallery.make(Metric.RECONSTRUCTION, one, {}, one, one))["input"]) == 1


def test_the_page_holds_the_pictures_and_the_json_does_not() -> None:
    costs = Costs(1, 2, 3, 3, 3, 4, 5, None)
    rows = (Row('<b>"one"', ("data:image/png;base64,AAAA",)),)
    verdict = Verdict(1, (Comparison("board", 4, 0, 0, 0.0, decides=True),))
    plain = RunReport("net", "ab", "board", "aot", verdict, (), None, costs, ())
    full = dataclasses.replace(plain, galleries=(Gallery("<i>", ("<u>",), rows, "<s>"),))
    page = run_page.as_html([full])
    assert '<img src="data:image/png;base64,AAAA" alt="&lt;b&gt;&#34;one&#34;: &lt;u&gt;">' in page
    assert not [text for text in ("<b>", "<i>", "<u>", "<s>", "http:", "https:") if text in page]
    assert "<img" not in run_page.as_html([plain])
    assert json.loads(report.as_json([full])) == json.loads(report.as_json([plain]))
    assert "AAAA" not in report.as_json([full])
