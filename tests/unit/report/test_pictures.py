"""Arrays as PNG: read back by a decoder of its own that checks every checksum."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from png import decode

from mcuforge.report import pictures


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (5, 3, 3)])
def test_png_holds_the_pixels(shape: tuple[int, ...]) -> None:
    picture = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    assert np.array_equal(decode(pictures.png(picture)), picture)


@pytest.mark.parametrize(
    "picture",
    [np.zeros((2, 2), np.float32), np.zeros((2, 2, 4), np.uint8), np.zeros((0, 2), np.uint8)],
)
def test_other_arrays_are_refused(picture: np.ndarray) -> None:
    with pytest.raises(ValueError, match="not a picture"):
        pictures.png(picture)


def test_data_uri_carries_the_file() -> None:
    kind, _, content = pictures.data_uri(b"\x00\xff<&").partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(content) == b"\x00\xff<&"


def test_grid_enlarges_and_separates() -> None:
    black, grey = np.zeros((2, 3), np.uint8), np.full((2, 3), 7, np.uint8)
    grid = pictures.grid([[black, grey], [grey]], 2)
    assert grid.shape == (2 * 4 + 2, 2 * 6 + 2)
    assert not grid[:4, :6].any()
    assert (grid[:4, 8:] == 7).all() and (grid[6:, :6] == 7).all()
    assert (grid[4:6] == 255).all() and (grid[6:, 6:] == 255).all()


def test_a_grid_with_one_coloured_picture_is_coloured() -> None:
    red = np.zeros((1, 1, 3), np.uint8)
    red[..., 0] = 200
    grid = pictures.grid([[red, np.full((1, 1), 9, np.uint8)]])
    assert grid.shape == (1, 4, 3)
    assert grid[0, 0].tolist() == [200, 0, 0] and grid[0, 3].tolist() == [9, 9, 9]


def test_a_grid_of_nothing_or_of_several_sizes_is_refused() -> None:
    for rows in ([], [[np.zeros((1, 1), np.uint8), np.zeros((2, 1), np.uint8)]]):
        with pytest.raises(ValueError, match="one size"):
            pictures.grid(rows)


def test_grey_clamps_and_rounds() -> None:
    values = np.array([-3.0, 0.0, 0.5, 1.0, 9.0])
    assert pictures.grey(values).tolist() == [0, 0, 128, 255, 255]
    assert pictures.grey(values, -1, 1).tolist() == [0, 128, 191, 255, 255]
