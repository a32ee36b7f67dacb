"""Give heads the labels of a deformable registration: to learn from, and to measure against.

python scripts/register_carefully.py HEADS --out CAREFUL [--lesions CACHE]

HEADS are those of cache_anatomy_heads.py, with the labels of the affine registration. From there
the reference head, as a FLAIR would show it, is bent to each head by SyN (Avants 2008,
10.1016/j.media.2007.06.004) with the correlation of 5 x 5 x 5 neighbourhoods. A lesion that is
known (the mask of the volume of the same name in CACHE) does not count.

Needs `antspyx`, which presight itself does not: pip install antspyx
"""

from __future__ import annotations

import argparse
from pathlib import Path

import ants
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.preprocess.atlas import load_atlas
from presight.preprocess.fit import fit_atlas
from presight.study.resample import resample
from presight.study.volume import Grid
from presight.train.anatomy import AnatomyHead, read_heads, write_head
from presight.train.cache import read_volume

SPACING = (2.0, 2.0, 2.0)
BRIGHTNESS = {"grey": 1.0, "white": 0.82, "fluid": 0.15}  # on a FLAIR, grey matter 1
BRIGHTEST = 1.6  # brighter tissue than this is ill and looks like no reference
AROUND = 2  # voxels around the brain that are seen
ITERATIONS = (40, 25, 8)  # at 8, 4 and 2 mm
Image = NDArray[np.float32]
Mask = NDArray[np.bool_]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("heads", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--lesions", type=Path)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for head in read_heads(arguments.heads):
        if not (arguments.out / f"{head.name}.npz").exists():
            write_head(carefully(head, lesion_of(head, arguments.lesions)), arguments.out)
            print(head.name, flush=True)


def lesion_of(head: AnatomyHead, cache: Path | None) -> Mask:
    path = cache / f"{head.name}.npz" if cache else None
    if path is None or not path.exists():
        return np.zeros(head.labels.shape, dtype=bool)
    lesion: Mask = read_volume(path).mask[::2, ::2, ::2] == 1
    return lesion


def carefully(head: AnatomyHead, lesion: Mask) -> AnatomyHead:
    """Head with the labels of the reference head, bent to it."""
    reference, laid = laid_over(head.labels)
    box = near(laid > 0)
    seen = ndimage.binary_dilation(laid > 0, iterations=AROUND)
    tissue = head.image / np.median(head.image[laid > 0])
    fixed = image_of(np.clip(tissue, 0, BRIGHTEST)[box] * seen[box])
    counted = seen & ~ndimage.binary_dilation(lesion)
    found = ants.registration(
        fixed,
        image_of(reference[box]),
        type_of_transform="SyNOnly",
        initial_transform="identity",
        mask=image_of(counted[box]),
        syn_metric="CC",
        syn_sampling=2,
        reg_iterations=ITERATIONS,
        total_sigma=0.5,
        random_seed=1,
    )
    bent = ants.apply_transforms(
        fixed, image_of(laid[box]), found["fwdtransforms"], interpolator="genericLabel"
    )
    for name in {*found["fwdtransforms"], *found["invtransforms"]}:
        Path(name).unlink(missing_ok=True)
    labels = np.zeros_like(head.labels)
    labels[box] = np.rint(bent.numpy())
    return AnatomyHead(head.name, head.image, labels)


def laid_over(labels: NDArray[np.uint8]) -> tuple[Image, NDArray[np.uint8]]:
    """Bring the reference head, as a FLAIR, and its labels to a head by the fit of its labels."""
    atlas = load_atlas()
    x, y, z = labels.shape
    grid = Grid((x, y, z), np.diag([*SPACING, 1.0]))
    fit = fit_atlas(labels, grid)
    if fit is None:
        raise SystemExit("a head has too few regions to begin with")
    fluid = np.clip(atlas.brain - atlas.white - atlas.grey, 0, 1)
    parts = {"grey": atlas.grey, "white": atlas.white, "fluid": fluid}
    flair = sum(BRIGHTNESS[name] * part for name, part in parts.items()) * atlas.brain
    smooth = ndimage.gaussian_filter(np.asarray(flair, np.float32), 0.8)
    return (
        resample(smooth, atlas.grid, grid, transform=fit.to_atlas),
        resample(atlas.labels, atlas.grid, grid, nearest=True, transform=fit.to_atlas),
    )


def near(brain: Mask) -> tuple[slice, ...]:
    """Box around the brain with a margin of four voxels."""
    sides = ndimage.find_objects(brain.astype(np.uint8))[0]
    return tuple(slice(max(0, side.start - 4), side.stop + 4) for side in sides)


def image_of(values: NDArray[np.generic]) -> ants.ANTsImage:
    return ants.from_numpy(np.ascontiguousarray(values, dtype=np.float32), spacing=SPACING)


if __name__ == "__main__":
    main()
