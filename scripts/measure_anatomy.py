"""Measure how brain and regions are found on every scan of a manifest, and draw what was found.

python scripts/measure_anatomy.py ../shared/data/manifest.csv [--bundle FOLDER] --sheet anatomy.png
python scripts/measure_anatomy.py ../shared/data/manifest.csv --no-oedema --sheet anatomy.png
python scripts/measure_anatomy.py ../shared/data/manifest.csv --careful CAREFUL --no-oedema

For the registration, and for the network of a bundle where one is given: Dice of the brain with
the dataset's mask, the largest change of a lobe's volume when 100 mL of oedema are painted in, and
why the network was not believed where it was not; then Dice of the two methods for the brain, the
median and the lowest lobe. With the heads of register_carefully.py: Dice of either method's lobes
with theirs, and the medians over all heads.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from presight.config import load_config
from presight.preprocess.anatomy import Anatomy
from presight.preprocess.anatomy_bundle import load_anatomy_network
from presight.preprocess.appearance import ids_of
from presight.preprocess.conform import conform
from presight.preprocess.find import by_network, by_registration
from presight.study import Contrast, Volume
from presight.study.nifti import read_nifti
from presight.study.resample import resample
from presight.train.anatomy import read_heads

LOBES = ids_of(*load_config("anatomy.yaml")["lobes"])
OEDEMA_ML = 100
TILE = 118
Labels = NDArray[np.uint8]


Finder = Callable[[Volume], Anatomy | str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--bundle", type=Path, help="of the anatomy network")
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--no-oedema", action="store_true", help="half the time: draw and compare")
    parser.add_argument("--only", default="", help="part of the names to measure")
    parser.add_argument("--careful", type=Path, help="heads with the labels of a bent atlas")
    arguments = parser.parse_args()
    tiles, finders = [], finders_of(arguments.bundle)
    against: dict[str, list[NDArray[np.float64]]] = {method: [] for method in finders}
    for name, flair, native, mask in scans(arguments.manifest, arguments.only):
        found = {method: find(flair) for method, find in finders.items()}
        for method, anatomy in found.items():
            if isinstance(anatomy, Anatomy):
                brain = of_mask(anatomy, flair, native, mask)
                oedema = "" if arguments.no_oedema else ill(flair, anatomy, finders[method])
                print(name, method, f"brain {brain}", oedema, sep="\t", flush=True)
                tiles.append(tile(f"{name} {method}", flair.data, anatomy.labels))
            else:
                print(name, method, anatomy, sep="\t", flush=True)
        labels = {m: one.labels for m, one in found.items() if isinstance(one, Anatomy)}
        if len(labels) == 2:
            print(name, "agreement", *agreement(*labels.values()), sep="\t", flush=True)
        truth = careful_labels(arguments.careful, name) if arguments.careful else None
        for method, mine in labels.items() if truth is not None else ():
            against[method].append(lobe_dice(mine[::2, ::2, ::2], truth))
            print(name, method, "careful", *rounded(against[method][-1]), sep="\t", flush=True)
    for method, dices in against.items():
        if dices:
            report(method, np.array(dices))
    if arguments.sheet:
        draw(tiles, arguments.sheet)


def report(method: str, dices: NDArray[np.float64]) -> None:
    """Print what the lobes of all heads have in common with the careful ones."""
    lobes = load_config("anatomy.yaml")["lobes"]
    both = np.median(dices, axis=0).reshape(-1, 2).mean(axis=1)
    parts = ", ".join(f"{lobe} {value:.3f}" for lobe, value in zip(lobes, both, strict=True))
    each = dices.mean(axis=1)
    whole = f"lobes {each.mean():.3f} mean, {each.min():.3f} worst head"
    print(f"{method}: {len(dices)} heads, {whole}; {parts}")


def careful_labels(folder: Path, name: str) -> Labels | None:
    path = folder / f"{name.replace('/', '__')}.npz"
    return read_heads(folder, [path.stem])[0].labels if path.exists() else None


def lobe_dice(found: Labels, truth: Labels) -> NDArray[np.float64]:
    return np.array([dice(found == number, truth == number) for number in LOBES])


def rounded(values: NDArray[np.float64]) -> list[str]:
    return [f"{value:.3f}" for value in values]


def finders_of(bundle: Path | None) -> dict[str, Finder]:
    settings = load_config("preprocess.yaml")
    finders: dict[str, Finder] = {"registration": lambda flair: by_registration(flair, settings)}
    if bundle:
        model = load_anatomy_network(bundle)
        finders["network"] = lambda flair: by_network(flair, model, settings, torch.device("cpu"))
    return finders


def scans(manifest: Path, only: str) -> Iterator[tuple[str, Volume, Volume, Path | None]]:
    with manifest.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            name = f"{row['dataset']}/{row['subject']}"
            if only in name:
                native = read_nifti(manifest.parent / row["flair"], Contrast.FLAIR)
                mask = manifest.parent / row["brain"] if row["brain"] else None
                yield name, conform(native, 1.0), native, mask


def dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float(2 * (a & b).sum() / max(1, a.sum() + b.sum()))


def of_mask(found: Anatomy, flair: Volume, native: Volume, mask: Path | None) -> str:
    if mask is None:
        return "without a mask"
    truth = np.asarray(nib.load(mask).dataobj) > 0
    return f"{dice(resample(found.brain, flair.grid, native.grid, nearest=True), truth):.3f}"


def agreement(first: Labels, second: Labels) -> list[str]:
    lobes = lobe_dice(first, second)
    brain = dice(first > 0, second > 0)
    return rounded(np.array([brain, np.median(lobes), lobes.min()]))


def ill(flair: Volume, before: Anatomy, find: Finder) -> str:
    return f"oedema {oedema_change(flair, before, find):.4f}"


def oedema_change(flair: Volume, before: Anatomy, find: Finder) -> float:
    """Largest relative change of a lobe's volume."""
    ill = Volume(with_oedema(flair.data, before.labels), flair.grid, flair.contrast)
    after = find(ill)
    if not isinstance(after, Anatomy):
        return float("nan")
    volumes = [
        np.bincount(found.labels.ravel(), minlength=1 + max(LOBES))[LOBES]
        for found in (before, after)
    ]
    return float(np.abs(volumes[1] / np.maximum(volumes[0], 1) - 1).max())


def with_oedema(data: NDArray[np.float32], labels: Labels) -> NDArray[np.float32]:
    """Image with about 100 mL of parietal and occipital tissue 1.6 times as bright."""
    tissue = np.median(data[labels > 0])
    where = np.isin(labels, ids_of("parietal", "occipital")) & (data > 0.7 * tissue)
    rng = np.random.default_rng(1)
    coarse = rng.standard_normal([-(-size // 4) for size in data.shape]).astype(np.float32)
    field = ndimage.gaussian_filter(coarse, 2.5).repeat(4, 0).repeat(4, 1).repeat(4, 2)
    field = field[tuple(slice(size) for size in data.shape)]
    most = np.sort(field[where])[::-1][min(OEDEMA_ML * 1000, int(where.sum())) - 1]
    share = ndimage.gaussian_filter((where & (field >= most)).astype(np.float32), 1.0)
    return (data * (1 + 0.6 * share)).astype(np.float32)


def tile(name: str, data: NDArray[np.float32], labels: Labels) -> NDArray[np.uint8]:
    """Two axial, a coronal and a sagittal slice at 2 mm; the patient's left is on the right."""
    thin = (slice(None, None, 2),) * 3
    data, labels = data[thin], labels[thin]
    low, high = np.argwhere(labels > 0).min(axis=0), np.argwhere(labels > 0).max(axis=0)
    at = [(2, 0.28), (2, 0.55), (1, 0.5), (0, 0.68)]
    scale = 2 * np.median(data[labels > 0])
    planes = []
    for axis, share in at:
        index = round(low[axis] + share * (high[axis] - low[axis]))
        image, regions = (values.take(index, axis).T[::-1] for values in (data, labels))
        if axis:
            image, regions = image[:, ::-1], regions[:, ::-1]
        planes.append(framed(coloured(image / scale, regions)))
    drawn = Image.fromarray(np.concatenate(planes, axis=1))
    pen = ImageDraw.Draw(drawn)
    pen.text((2, 2), name, fill=(255, 255, 255))
    for plane in range(3):  # the two axial ones and the coronal one
        pen.text(((plane + 1) * TILE - 8, TILE // 2 - 6), "L", fill=(255, 255, 255))
    return np.asarray(drawn)


def coloured(image: NDArray[np.float32], regions: Labels) -> NDArray[np.uint8]:
    table = np.random.default_rng(7).uniform(40, 255, (1 + max(LOBES) + 20, 3))
    grey = np.clip(image, 0, 1)[..., None] * 255
    mixed = np.where((regions > 0)[..., None], 0.65 * grey + 0.35 * table[regions], grey)
    return np.clip(mixed, 0, 255).astype(np.uint8)


def framed(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put the middle of a plane into a tile of one size."""
    frame = np.zeros((TILE, TILE, 3), np.uint8)
    height, width = (min(TILE, size) for size in plane.shape[:2])
    top, left = (
        (size - part) // 2 for size, part in zip(plane.shape, (height, width), strict=False)
    )
    down, right = (TILE - height) // 2, (TILE - width) // 2
    frame[down : down + height, right : right + width] = plane[
        top : top + height, left : left + width
    ]
    return frame


def draw(tiles: list[NDArray[np.uint8]], path: Path, columns: int = 3) -> None:
    while len(tiles) % columns:
        tiles.append(np.zeros_like(tiles[0]))
    rows = [np.concatenate(tiles[i : i + columns], axis=1) for i in range(0, len(tiles), columns)]
    Image.fromarray(np.concatenate(rows)).save(path)


if __name__ == "__main__":
    main()
