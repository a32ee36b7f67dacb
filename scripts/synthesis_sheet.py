"""Draw synthetic and painted lesions beside real ones, to see how far they are apart.

python scripts/synthesis_sheet.py --synthetic POOL_FOLDER --real CACHE_FOLDER --out sheet.png

Each scan is shown at the slice with most lesion, plain above and with the truth outlined below;
the patient's left is on the right of the picture.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from presight.train.cache import TrainingVolume, read_volume

WINDOW = (0.0, 2.0)  # of the commonest brain intensity


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--synthetic", type=Path, nargs="+", required=True)
    parser.add_argument("--real", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=20, help="of synthetic scans")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    chosen = draw(arguments.synthetic, arguments.count, rng)
    chosen += draw(arguments.real, arguments.count // 2, rng)
    picture(chosen, arguments.out)


def draw(folders: list[Path], count: int, rng: np.random.Generator) -> list[Path]:
    """Draw files, each dataset as often as any other."""
    by_dataset: dict[str, list[Path]] = {}
    for path in sorted(path for folder in folders for path in folder.glob("*.npz")):
        by_dataset.setdefault(path.name.split("__")[0], []).append(path)
    pools = [list(rng.permutation(np.array(paths))) for paths in by_dataset.values()]
    chosen: list[Path] = []
    while len(chosen) < count and any(pools):
        chosen += [pool.pop() for pool in pools if pool][: count - len(chosen)]
    return sorted(chosen, key=lambda path: path.name)


def picture(paths: list[Path], out: Path, columns: int = 10) -> None:
    rows = -(-len(paths) // columns)
    figure, axes = plt.subplots(
        2 * rows, columns, figsize=(2 * columns, 4.6 * rows), squeeze=False, facecolor="black"
    )
    for axis in axes.ravel():
        axis.axis("off")
    for number, path in enumerate(paths):
        row, column = divmod(number, columns)
        show(read_volume(path), axes[2 * row][column], axes[2 * row + 1][column])
    figure.tight_layout(pad=0.2)
    figure.savefig(out, dpi=75, facecolor="black")


def show(volume: TrainingVolume, plain: Any, outlined: Any) -> None:
    lesion = volume.mask == 1
    heaviest = int(lesion.sum(axis=(0, 1)).argmax()) if lesion.any() else lesion.shape[2] // 2
    image = as_seen(volume.image[:, :, heaviest].astype(np.float32))
    for axis in (plain, outlined):
        axis.imshow(image, cmap="gray", vmin=WINDOW[0], vmax=WINDOW[1])
    if lesion[:, :, heaviest].any():
        outlined.contour(as_seen(lesion[:, :, heaviest]), [0.5], colors="#ffb000", linewidths=0.8)
    plain.set_title(volume.dataset.replace("_", " ", 1)[:26], color="white", fontsize=7)


def as_seen(slice_ras: Any) -> Any:
    """Turn an axial RAS slice as radiologists look at it: the patient's left is on the right."""
    return np.rot90(slice_ras)[:, ::-1]


if __name__ == "__main__":
    main()
