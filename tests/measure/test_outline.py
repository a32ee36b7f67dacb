"""Volumes of regions when a lesion is outlined on other voxels than the regions are known on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from presight.measure.burden import region_volumes
from presight.measure.outline import carry_outline
from presight.study.volume import Grid

SIZE = 40  # voxels of 1 mm, along each axis
FINE = Grid((SIZE, SIZE, SIZE), np.eye(4))
PLACES = np.stack(np.meshgrid(*[np.arange(SIZE)] * 3, indexing="ij"), axis=-1)
BRAIN = np.linalg.norm(PLACES - (SIZE - 1) / 2, axis=-1) < 17
FRONTAL, PARIETAL = 1, 3  # left, of configs/anatomy.yaml
HALVES = np.where(BRAIN, np.where(PLACES[..., 1] < 20, PARIETAL, FRONTAL), 0).astype(np.uint8)

slices_mm = st.floats(1.0, 5.0)
offsets_mm = st.tuples(*[st.floats(-1.0, 1.0)] * 3)


def grid_of(slice_mm: float, offset_mm=(0, 0, 0)) -> Grid:
    """Slices over the field of view of the fine grid, the first of them below it."""
    affine = np.diag([1.0, 1.0, slice_mm, 1.0])
    affine[:3, 3] = np.asarray(offset_mm) - (0, 0, slice_mm)
    return Grid((SIZE, SIZE, int(np.ceil(SIZE / slice_mm)) + 3), affine)


def points(grid: Grid) -> np.ndarray:
    voxels = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1)
    return voxels @ grid.affine[:3, :3].T + grid.affine[:3, 3]


def ball(grid: Grid, centre, radius_mm: float) -> np.ndarray:
    return np.linalg.norm(points(grid) - centre, axis=-1) <= radius_mm


def noise(seed: int, grid: Grid) -> np.ndarray:
    rough = np.random.default_rng(seed).normal(size=grid.shape)
    return ndimage.gaussian_filter(rough, 1.5) > 0.05


def volumes(mask, grid, lesion_ml=None) -> dict[str, float]:
    carried = carry_outline(mask, grid, FINE)
    lesion_ml = np.count_nonzero(mask) * grid.voxel_ml if lesion_ml is None else lesion_ml
    found = region_volumes(carried, HALVES, FINE.voxel_ml, lesion_ml)
    return {f"{each.region} {each.side}": each.lesion_ml for each in found if each.lesion_ml}


@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_an_outline_on_the_voxels_of_the_regions_is_counted_to_the_voxel(seed):
    mask = noise(seed, FINE) & BRAIN
    assert volumes(mask, FINE) == pytest.approx(
        {
            "frontal left": np.count_nonzero(mask & (HALVES == FRONTAL)) / 1000,
            "parietal left": np.count_nonzero(mask & (HALVES == PARIETAL)) / 1000,
        }
    )


@given(st.integers(0, 1000), slices_mm, offsets_mm)
@settings(max_examples=20, deadline=None)
def test_regions_add_up_to_the_lesion_on_any_voxels_and_over_the_edge_of_the_brain(
    seed, slice_mm, offset_mm
):
    grid = grid_of(slice_mm, offset_mm)
    mask = noise(seed, grid)
    assert sum(volumes(mask, grid).values()) == pytest.approx(mask.sum() * grid.voxel_ml)


@given(st.floats(1.0, 4.0), st.floats(6.0, 11.0), st.floats(17.0, 23.0))
@settings(max_examples=10, deadline=None)
def test_where_the_slices_lie_does_not_change_the_mean(slice_mm, radius_mm, middle):
    centre = np.array([19.5, middle, 19.5])
    height_mm = radius_mm + middle - 19.5  # of the cap in front of the border
    frontal_ml = np.pi * height_mm**2 * (3 * radius_mm - height_mm) / 3000
    parietal_ml = 4 / 3 * np.pi * radius_mm**3 / 1000 - frontal_ml
    true = {"frontal left": frontal_ml, "parietal left": parietal_ml}
    found = []
    for share in np.arange(6) / 6:
        grid = grid_of(slice_mm, (share, share, share * slice_mm))
        found.append(volumes(ball(grid, centre, radius_mm), grid))
    for name, volume in true.items():
        mean = np.mean([each.get(name, 0.0) for each in found])
        assert mean == pytest.approx(volume, rel=0.05, abs=0.05)


@given(
    st.tuples(*[st.integers(12, 27)] * 3), slices_mm, offsets_mm, st.sampled_from([0.4, 1.0, 1.7])
)
@settings(max_examples=25, deadline=None)
def test_not_even_a_piece_of_one_voxel_is_lost(place, slice_mm, offset_mm, in_plane_mm):
    affine = np.diag([in_plane_mm, in_plane_mm, slice_mm, 1.0])
    affine[:3, 3] = offset_mm
    grid = Grid((100, 100, 45), affine)
    voxel = np.rint(np.array(place) / grid.spacing_mm).astype(int)
    mask = np.zeros(grid.shape, bool)
    mask[tuple(voxel)] = True
    carried = np.argwhere(carry_outline(mask, grid, FINE))
    assert len(carried)
    off = np.abs(carried - (grid.affine[:3, :3] @ voxel + grid.affine[:3, 3]))
    assert (off <= np.maximum(np.array(grid.spacing_mm) / 2, 0.5) + 0.01).all()


@given(st.integers(0, 1000), slices_mm, st.permutations([0, 1, 2]))
@settings(max_examples=10, deadline=None)
def test_the_order_in_which_a_file_stores_its_axes_changes_nothing(seed, slice_mm, order):
    grid = grid_of(slice_mm, (0.3, 0.5, 0.2))
    mask = noise(seed, grid)
    turned = Grid(
        tuple(grid.shape[axis] for axis in order),
        np.column_stack([grid.affine[:, list(order)], grid.affine[:, 3]]),
    )
    expected = carry_outline(mask, grid, FINE)
    assert np.array_equal(carry_outline(mask.transpose(order), turned, FINE), expected)


def test_half_way_between_two_slices_one_outline_goes_over_into_the_other():
    grid = grid_of(4.0)
    mask = np.zeros(grid.shape, bool)
    mask[10:20, 10:20, 5] = True  # at 16 mm
    mask[14:24, 10:20, 6] = True  # at 20 mm
    carried = carry_outline(mask, grid, FINE)
    assert carried[10:20, 15, 16].all()
    assert carried[14:24, 15, 20].all()
    assert not carried[20:, 15, 17].any()
    assert not carried[:14, 15, 19].any()
