"""Cache a test set of known truth: lesions painted into real scans, and heads without a lesion.

python scripts/make_synthetic_test_set.py ../shared/data/manifest.csv OUT_FOLDER \
    --hosts "open_ms_longitudinal/*" "mslesseg/P18_*" --heads 6

Hosts must be scans that were not trained on. What a host's own lesions add is not in the truth
unless somebody drew it.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import numpy as np

from presight.errors import PresightError
from presight.preprocess import preprocess
from presight.train.cache import TrainingVolume, prepare_case, write_volume
from presight.train.datasets.manifest import manifest_cases
from presight.train.synthesis.head import synthesise_head
from presight.train.synthesis.paint import paint

FAMILIES = ("pres", "toxic_leukoencephalopathy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--hosts", nargs="+", required=True, help="patterns over dataset/subject")
    parser.add_argument("--heads", type=int, default=6, help="number of heads without a lesion")
    parser.add_argument("--seed", type=int, default=1000)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for number in range(arguments.heads):
        write(without_lesion(arguments.seed + number), arguments.out)
    for number, case in enumerate(manifest_cases(arguments.manifest)):
        if any(fnmatch(case.id, pattern) for pattern in arguments.hosts):
            try:
                host = prepare_case(case, preprocess)
            except PresightError as error:
                print(f"left out: {error}")
                continue
            for family in FAMILIES:
                write(painted(host, family, arguments.seed + number), arguments.out)


def without_lesion(seed: int) -> TrainingVolume:
    made = synthesise_head(np.random.default_rng(seed), "none")
    return TrainingVolume(
        id=f"lesion_free/{seed}",
        dataset="lesion_free",
        patient=str(seed),
        site="synthetic",
        image=made.flair.astype(np.float16),
        mask=made.lesion.astype(np.uint8),
        brain=made.head.brain.astype(np.uint8),
        anatomy=made.head.labels,
    )


def painted(host: TrainingVolume, family: str, seed: int) -> TrainingVolume:
    rng = np.random.default_rng((seed, FAMILIES.index(family)))
    image, lesion = paint(
        host.image.astype(np.float32),
        host.anatomy,
        host.brain > 0,
        rng,
        family,
        slice_mm=host.slice_mm,
    )
    return replace(
        host,
        id=f"painted_{family}/{host.id.replace('/', '_')}",
        dataset=f"painted_{family}",
        image=image.astype(np.float16),
        mask=np.maximum(host.mask, lesion.astype(np.uint8)),
    )


def write(volume: TrainingVolume, out: Path) -> None:
    write_volume(volume, out / f"{volume.id.replace('/', '__')}.npz")
    print(f"{volume.id}: {volume.mask.sum() / 1000:.1f} mL", flush=True)


if __name__ == "__main__":
    main()
