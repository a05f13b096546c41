"""Confusion matrices and the figures of classes, counted by hand."""

from __future__ import annotations

import numpy as np

from mcuforge.report.accuracy import confusion
from mcuforge.report.accuracy.confusion import Figures, Pair

EXPECTED = np.array([0, 0, 0, 1, 1, 2])
DEVICE = np.array([0, 0, 1, 1, 1, 1])


def test_counts_and_figures_are_those_by_hand() -> None:
    found = confusion.of(EXPECTED, DEVICE, None, 4, ("a", "b", "c", "d"))
    assert found.counts == ((2, 1, 0, 0), (0, 2, 0, 0), (0, 1, 0, 0), (0, 0, 0, 0))
    by_label = {c.label: c for c in found.classes}
    assert [by_label[n].support for n in "abcd"] == [3, 2, 1, 0]
    assert by_label["a"].figures == {"device": Figures(1.0, 0.666667, 0.8, 0.666667)}
    assert by_label["b"].figures["device"] == Figures(0.5, 1.0, 0.666667, 0.5)
    assert by_label["c"].figures["device"] == Figures(None, 0.0, 0.0, 0.0)  # never answered
    assert by_label["d"].figures["device"] == Figures(None, None, None, None)  # neither
    assert found.pairs == (Pair("a", "b", 1, 0.333333), Pair("c", "b", 1, 1.0))
    assert (found.samples, found.changed, found.spoilt, found.mended) == (6, None, None, None)


def test_what_quantisation_changes_is_told_apart() -> None:
    floats = np.array([0, 1, 0, 1, 0, 0])  # right, wrong, right, right, wrong, wrong
    found = confusion.of(EXPECTED, DEVICE, floats, 3)
    assert (found.changed, found.spoilt, found.mended) == (4, 1, 2)
    assert found.classes[0].figures["float"].recall == 0.666667
    assert found.labels == ("0", "1", "2")


def test_of_many_classes_there_are_pairs_but_no_matrix_and_no_end_of_rows() -> None:
    expected = np.arange(1000).repeat(2)
    device = expected.copy()
    device[[10, 11, 20]] = [7, 7, 3]
    found = confusion.of(expected, device, None, 1000, ("too", "few"))
    assert found.counts is None and found.labels == ()
    assert found.pairs == (Pair("5", "7", 2, 1.0), Pair("10", "3", 1, 0.5))
    assert len(found.classes) == 200 and found.total == 1000
    assert {c.label for c in found.classes[:4]} == {"5", "7", "10", "3"}


def test_pixels_count_one_by_one() -> None:
    masks = np.array([[[0, 1], [1, 1]]])
    found = confusion.of(masks, np.array([[[0, 1], [0, 1]]]), masks, 2)
    assert found.counts == ((1, 0), (1, 2)) and found.samples == 4 and found.spoilt == 1
    assert [c.figures["device"].iou for c in found.classes] == [0.5, 0.666667]
