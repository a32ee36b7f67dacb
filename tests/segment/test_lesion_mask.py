from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from presight.segment.bundle import Settings
from presight.segment.mask import lesion_mask
from presight.study.volume import Grid

Piece = tuple[tuple[slice, ...], float, float]  # where, probability, intensity
SHAPE = (40, 40, 40)
CUBES = Grid(SHAPE, np.eye(4))
RULES = {
    "threshold": 0.4,
    "smallest_lesion_mm3": 10.0,
    "small_lesion_ml": 1.0,
    "lesion_mean": 0.55,
    "lesion_contrast": 0.2,
}


def cube(first: int, size: int) -> tuple[slice, ...]:
    return (slice(first, first + size),) * 3


@pytest.fixture
def settings() -> Settings:
    others: dict[str, Any] = {
        "weights": "w",
        "sha256": 64 * "0",
        "intensity_clip": (0, 3),
        "size_multiple": 1,
        "box_margin_mm": 0,
        "brain_dilation_mm": 0,
        "largest_box_voxels": 1,
        "window_mm": 1,
        "window_overlap": 0,
        "temperature": 1,
    }
    return Settings(**others, **RULES)


def found(
    pieces: list[Piece],
    settings: Settings,
    grid: Grid = CUBES,
    brain: NDArray[np.bool_] | None = None,
    around: float = 1.0,
) -> list[bool]:
    """Say which pieces are in the mask."""
    probability = np.zeros(SHAPE, np.float32)
    image = np.full(SHAPE, around, np.float32)
    for box, sure, bright in pieces:
        probability[box], image[box] = sure, bright
    whole = np.ones(SHAPE, bool) if brain is None else brain
    mask = lesion_mask(probability, image, whole, grid, settings)
    kept = [bool(mask[box].all()) for box, *_ in pieces]
    assert mask.sum() == sum(mask[box].sum() for box, *_ in pieces)
    assert [bool(mask[box].any()) for box, *_ in pieces] == kept  # all of a piece or nothing
    return kept


def test_specks_are_left_out_and_small_lesions_kept(settings: Settings) -> None:
    pieces = [(cube(2, 2), 0.9, 1.5), (cube(20, 3), 0.9, 1.5)]
    assert found(pieces, settings) == [False, True]
    thick = Grid(SHAPE, np.diag([1, 1, 2.0, 1]))
    assert found(pieces, settings, thick) == [True, True]


def test_a_small_piece_that_is_unsure_on_average_is_left_out(settings: Settings) -> None:
    assert found([(cube(5, 5), 0.54, 1.5), (cube(25, 5), 0.56, 1.5)], settings) == [False, True]


def test_a_small_piece_no_brighter_than_the_brain_around_it_is_left_out(settings: Settings) -> None:
    assert found([(cube(5, 5), 0.9, 1.1), (cube(25, 5), 0.9, 1.3)], settings) == [False, True]


def test_a_large_piece_needs_neither(settings: Settings) -> None:
    assert found([(cube(5, 11), 0.45, 1.1)], settings) == [True]


def test_an_outline_is_kept_whole_to_its_faint_edge(settings: Settings) -> None:
    probability = np.zeros(SHAPE, np.float32)
    probability[cube(10, 6)], probability[cube(11, 4)] = 0.41, 0.9
    image = np.where(probability > 0, np.float32(1.5), np.float32(1))
    mask = lesion_mask(probability, image, np.ones(SHAPE, bool), CUBES, settings)
    assert mask.sum() == 6**3


def test_neither_skull_nor_other_lesions_count_as_around(settings: Settings) -> None:
    brain = np.ones(SHAPE, bool)
    brain[:, :, 15:] = False
    beside = [(cube(9, 6), 0.9, 1.3), ((*cube(9, 6)[:2], slice(16, 20)), 0.0, 3.0)]
    assert found(beside, settings, brain=brain)[0]
    near = [(cube(10, 5), 0.9, 1.3), ((slice(16, 36), *cube(3, 20)[:2]), 0.9, 2.0)]
    assert found(near, settings) == [True, True]


def test_a_lesion_in_nothing_but_fluid_is_as_bright_as_it_is(settings: Settings) -> None:
    nothing = np.zeros(SHAPE, bool)
    assert found([(cube(5, 5), 0.9, 0.3)], settings, brain=nothing, around=0.25) == [True]


def test_nothing_is_nothing(settings: Settings) -> None:
    assert found([], settings) == []
