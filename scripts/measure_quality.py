"""Print what the rules of configs/quality.yaml are set around: every number of every volume.

python scripts/measure_quality.py ../shared/data/manifest.csv > quality.tsv

The FLAIRs, and the T1 and T2 read as if they were FLAIRs. The last lines are the lowest, the
median and the highest of each contrast; `verdict` is what the pipeline makes of the volume.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from presight.config import load_config
from presight.errors import InputError
from presight.preprocess.conform import conform
from presight.preprocess.find import find_anatomy
from presight.preprocess.normalise import commonest_intensity
from presight.preprocess.quality import judge, numbers_of, refuse
from presight.study import Contrast
from presight.study.nifti import read_nifti

CONTRASTS = ("flair", "t1", "t2")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    arguments = parser.parse_args()
    names = list(load_config("quality.yaml")["rules"])
    print("volume", "contrast", *names, "verdict", sep="\t")
    rows: dict[str, list[list[float]]] = {}
    for volume, contrast, path in volumes(arguments.manifest):
        numbers, verdict = measured(path)
        values = [np.nan if numbers[name] is None else numbers[name] for name in names]
        rows.setdefault(contrast, []).append(values)
        print(volume, contrast, *(f"{v:.3f}" for v in values), verdict, sep="\t", flush=True)
    for contrast, values in rows.items():
        for what, summary in (
            ("lowest", np.nanmin),
            ("median", np.nanmedian),
            ("highest", np.nanmax),
        ):
            print(what, contrast, *(f"{v:.3f}" for v in summary(values, axis=0)), "", sep="\t")


def volumes(manifest: Path) -> Iterator[tuple[str, str, Path]]:
    with manifest.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            for contrast in CONTRASTS:
                if row[contrast]:
                    name = f"{row['dataset']}/{row['subject']}"
                    yield name, contrast, manifest.parent / row[contrast]


def measured(path: Path) -> tuple[dict[str, float | None], str]:
    settings = load_config("preprocess.yaml")
    native = read_nifti(path, Contrast.FLAIR)
    flair = conform(native, settings["spacing_mm"])
    anatomy = find_anatomy(flair, settings)
    scale = commonest_intensity(flair.data, anatomy.brain, settings["normalise"])
    numbers = dict(numbers_of(native, flair, anatomy, scale))
    try:
        refuse(numbers, native)
    except InputError as error:
        return numbers, f"refused: {error.found}"
    doubts = [quality.name for quality in judge(numbers) if quality.doubtful]
    return numbers, f"doubtful: {', '.join(doubts)}" if doubts else "fine"


if __name__ == "__main__":
    main()
