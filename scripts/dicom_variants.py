"""Write a NIfTI FLAIR as DICOM in five ways and compare the masks with that of the NIfTI.

python scripts/dicom_variants.py flair.nii.gz --out /tmp/variants
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
from pydicom.uid import JPEG2000Lossless

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "dicom"))
from dicom_writer import SeriesToWrite, from_nifti, turned, write_classic, write_enhanced

from presight.config import model_path
from presight.dicom.inputs import find_examinations
from presight.preprocess import preprocess
from presight.segment import load_bundle, segment
from presight.study import Contrast, Study, Volume
from presight.study.nifti import read_nifti

Write = Callable[[SeriesToWrite, Path], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("flair", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=list(VARIANTS))
    args = parser.parse_args()
    meant = canonical(mask_of(read_nifti(args.flair, Contrast.FLAIR)))
    print(f"NIfTI: {int(meant.sum())} voxels of lesion", flush=True)
    for name in args.only:
        folder = args.out / name
        VARIANTS[name](from_nifti(args.flair), folder)
        (examination,), _ = find_examinations(folder)
        found = canonical(mask_of(examination.choice.taken[Contrast.FLAIR].read(Contrast.FLAIR)))
        print(f"{name}: {np.mean(found == meant):.4%} of voxels are the same", flush=True)


def mask_of(volume: Volume) -> nib.Nifti1Image:
    start = time.perf_counter()
    lesions = segment(preprocess(Study("x", {Contrast.FLAIR: volume})), bundle(), "cpu")
    print(f"  ({time.perf_counter() - start:.0f} s)", flush=True)
    return nib.Nifti1Image(lesions.mask.astype(np.uint8), lesions.grid.affine)


def canonical(image: nib.Nifti1Image) -> np.ndarray:
    """Voxels in one order, whatever the order of the file."""
    return np.asarray(nib.as_closest_canonical(image).dataobj)


def bundle():
    return load_bundle(model_path("flair_hyperintensity"))


def shuffled(series: SeriesToWrite, folder: Path) -> None:
    names = random.Random(7)  # noqa: S311
    write_classic(series, folder, lambda _z: f"{names.getrandbits(64):016x}")


VARIANTS: dict[str, Write] = {
    "classic": write_classic,
    "enhanced": lambda series, folder: write_enhanced(series, folder / "IM1"),
    "shuffled": shuffled,
    "oblique": lambda series, folder: write_classic(turned(series, "PIR"), folder),
    "compressed": lambda series, folder: write_classic(series, folder, syntax=JPEG2000Lossless),
}

if __name__ == "__main__":
    main()
