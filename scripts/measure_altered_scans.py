"""Measure what a differently set scanner does to the outlines.

    python scripts/measure_altered_scans.py CACHE... --checkpoint RUN/checkpoint.pt \
        --patterns "lgg/HT_*" "open_ms/patient26" "synthetic_none/*"

Takes prepared volumes that the network has not seen and outlines each as it is, then with other
contrast, brightness, noise, shading, slices, sharpness and a ghost. The alterations come after
preprocessing, so nothing takes them back: a brightness of 0.85 is a normalisation gone wrong by
so much. Prints the mean Dice of each, the change by scan, and what is found beside what was drawn.
MONAI's transforms where it has one.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from monai.transforms import GaussianSharpen, GibbsNoise, Resize
from numpy.typing import NDArray
from scipy import ndimage

from presight.config import load_config, model_path
from presight.evaluate.case import CaseScore, score_case
from presight.evaluate.checkpoint import checkpoint_bundle
from presight.evaluate.inputs import read_sources, select
from presight.evaluate.predictions import compare
from presight.segment import load_bundle
from presight.train.cache import TrainingVolume

Image = NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("caches", type=Path, nargs="+")
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--patterns", nargs="+", required=True)
    args = parser.parse_args()
    bundle = checkpoint_bundle(args.checkpoint, load_bundle(model_path("flair_hyperintensity")))
    settings = load_config("evaluation.yaml")
    scores: dict[str, list[CaseScore]] = {name: [] for name in ALTERATIONS}
    for volume in select(read_sources(args.caches), None, "test", args.patterns):
        for name, alter in ALTERATIONS.items():
            scores[name].append(score_case(compare(altered(volume, alter), bundle), settings))
        print(volume.id, *(outcome(of_one[-1]) for of_one in scores.values()), flush=True)
    unaltered = dices(scores["as it is"])
    print("| alteration | mean Dice | change, median | worst | beside, median mL | most mL |")
    print("|---|---|---|---|---|---|")
    for name, of_all in scores.items():
        change = dices(of_all) - unaltered
        beside = [beside_ml(score) for score in of_all]
        print(
            f"| {name} | {dices(of_all).mean():.2f} | {np.median(change):+.3f} "
            f"| {change.min():+.2f} | {np.median(beside):.2f} | {max(beside):.1f} |"
        )


def outcome(score: CaseScore) -> str:
    return f"{score.found_ml:.1f}mL" if score.dice is None else f"{score.dice:.2f}"


def dices(scores: list[CaseScore]) -> NDArray[np.float64]:
    """Give the Dice of the scans in which something was drawn."""
    return np.array([score.dice for score in scores if score.dice is not None])


def beside_ml(score: CaseScore) -> float:
    """Give the volume that was found and not drawn."""
    both_ml = (score.dice or 0) * (score.drawn_ml + score.found_ml) / 2
    return score.found_ml - both_ml


def altered(volume: TrainingVolume, alter: Callable[[Image], Image]) -> TrainingVolume:
    image = alter(volume.image.astype(np.float32))
    return replace(volume, image=np.asarray(image, np.float16))


def contrast(gamma: float) -> Callable[[Image], Image]:
    """About the commonest intensity of brain, which is 1 and stays so."""
    return lambda image: image.clip(min=0) ** np.float32(gamma)


def brighter(factor: float) -> Callable[[Image], Image]:
    return lambda image: image * np.float32(factor)


def noise(deviation: float) -> Callable[[Image], Image]:
    """Of the commonest intensity of brain, where there is tissue."""
    rng = np.random.default_rng(0)
    return lambda image: image + (image > 0) * rng.normal(0, deviation, image.shape)


def shaded(strength: float) -> Callable[[Image], Image]:
    """Brighter and darker by exp(strength) from the middle to an edge, along all three axes."""

    def alter(image: Image) -> Image:
        x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) for n in image.shape), indexing="ij")
        return image * np.exp(strength * (x - 0.7 * y**2 + 0.5 * z))

    return alter


def slices(*thickness_mm: float) -> Callable[[Image], Image]:
    """Of such a thickness along x, y and z, and brought back to 1 mm."""

    def alter(image: Image) -> Image:
        profile = [0 if mm == 1 else mm / 2.355 for mm in thickness_mm]
        blurred = ndimage.gaussian_filter(image, profile)[None]
        coarse = [round(n / mm) for n, mm in zip(image.shape, thickness_mm, strict=True)]
        drawn = Resize(coarse, mode="trilinear")(blurred)
        return Resize(image.shape, mode="trilinear")(drawn)[0].numpy()

    return alter


def blurred(width_mm: float) -> Callable[[Image], Image]:
    """Full width at half maximum, in all directions: folds go, lesions stay."""
    return lambda image: ndimage.gaussian_filter(image, width_mm / 2.355)


def ghost(strength: float) -> Callable[[Image], Image]:
    """Copy of the head, a third of the field of view away along y."""
    return lambda image: image + np.float32(strength) * np.roll(image, image.shape[1] // 3, 1)


def sharpened(image: Image) -> Image:
    return GaussianSharpen(sigma1=1.0, sigma2=0.5, alpha=1.0)(image[None])[0].numpy()


def ringing(image: Image) -> Image:
    return GibbsNoise(alpha=0.5)(image[None])[0].numpy()


ALTERATIONS: dict[str, Callable[[Image], Image]] = {
    "as it is": lambda image: image,
    "flatter contrast, gamma 0.7": contrast(0.7),
    "steeper contrast, gamma 1.4": contrast(1.4),
    "15 % darker": brighter(0.85),
    "15 % brighter": brighter(1.15),
    "noise of 10 %": noise(0.1),
    "shading of 20 %": shaded(0.2),
    "axial slices of 6 mm": slices(1, 1, 6),
    "sagittal slices of 5 mm": slices(5, 1, 1),
    "voxels of 2 mm": slices(2, 2, 2),
    "blurred to 6 mm": blurred(6),
    "sharpened": sharpened,
    "ringing": ringing,
    "ghost of 8 %": ghost(0.08),
}

if __name__ == "__main__":
    main()
