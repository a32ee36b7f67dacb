"""Cache volumes of known truth: lesions painted into cached scans, and heads made whole.

python scripts/make_synthetic_cache.py CACHE OUT --hosts "lgg/DU_*" --copies 5 --heads 80

A painted volume keeps the patient of its host, so that a split never parts them, and what people
drew in the host stays in its truth. Its dataset is ``painted_<family>``, a whole head's
``synthetic_<family>``: a recipe draws from them as from any other. To test on, take hosts that
were not trained on, and another seed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import numpy as np

from presight.train.cache import TrainingVolume, read_volume, write_volume
from presight.train.synthesis.head import synthesise_head
from presight.train.synthesis.paint import paint

PAINTED = {"pres": 3, "ms": 3, "toxic_leukoencephalopathy": 2, "small_vessel": 2, "infarct": 1}
HEADS = {**PAINTED, "none": 4, "tumour": 1}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", type=Path, help="folder of cached scans")
    parser.add_argument("out", type=Path)
    parser.add_argument("--hosts", nargs="+", default=[], help="patterns over dataset/subject")
    parser.add_argument("--copies", type=int, default=1, help="painted volumes of each host")
    parser.add_argument("--heads", type=int, default=0, help="number of heads made whole")
    parser.add_argument("--families", nargs="+", help="these alone, one after the other")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for line in pool.map(make, work(arguments)):
            print(line, flush=True)


def work(arguments: argparse.Namespace) -> Iterator[tuple[Path, Path | None, str, int]]:
    """Yield folder, host (none for a whole head), family and seed of every volume to be made."""
    rng = np.random.default_rng(arguments.seed)
    number = 0
    for path in sorted(arguments.cache.glob("*.npz")):
        dataset, _, name = path.stem.partition("__")
        if any(fnmatch(f"{dataset}/{name}", pattern) for pattern in arguments.hosts):
            for _ in range(arguments.copies):
                family = family_of(number, PAINTED, arguments.families, rng)
                yield arguments.out, path, family, arguments.seed + number
                number += 1
    for _ in range(arguments.heads):
        family = family_of(number, HEADS, arguments.families, rng)
        yield arguments.out, None, family, arguments.seed + number
        number += 1


def family_of(
    number: int, shares: dict[str, int], fixed: list[str] | None, rng: np.random.Generator
) -> str:
    if fixed:
        return fixed[number % len(fixed)]
    weights = np.array(list(shares.values()))
    return str(rng.choice(list(shares), p=weights / weights.sum()))


def make(item: tuple[Path, Path | None, str, int]) -> str:
    out, host, family, seed = item
    volume = head(family, seed) if host is None else painted(read_volume(host), family, seed)
    path = out / f"{volume.id.replace('/', '__')}.npz"
    write_volume(volume, path)
    return f"{volume.id}: {(volume.mask == 1).sum() / 1000:.1f} mL"


def painted(host: TrainingVolume, family: str, seed: int) -> TrainingVolume:
    flair = host.image.astype(np.float32)
    rng = np.random.default_rng(seed)
    image, lesion = paint(flair, host.anatomy, host.brain > 0, rng, family, slice_mm=host.slice_mm)
    dataset = f"painted_{family}"
    return replace(
        host,
        id=f"{dataset}/{host.id.replace('/', '_')}_{seed}",
        dataset=dataset,
        patient=host.patient_id,
        image=image.astype(np.float16),
        mask=np.where(lesion, 1, host.mask).astype(np.uint8),
    )


def head(family: str, seed: int) -> TrainingVolume:
    made = synthesise_head(np.random.default_rng(seed), family)
    dataset = f"synthetic_{family}"
    return TrainingVolume(
        id=f"{dataset}/{seed}",
        dataset=dataset,
        patient=f"synthetic-{seed}",
        site="synthetic",
        image=made.flair.astype(np.float16),
        mask=made.lesion.astype(np.uint8),
        brain=made.head.brain.astype(np.uint8),
        anatomy=made.head.labels,
    )


if __name__ == "__main__":
    main()
