"""Cache volumes of known truth: lesions painted into cached scans, and heads made whole.

python scripts/make_synthetic_cache.py CACHE OUT --hosts "lgg/DU_*" --copies 5 --heads 80
python scripts/make_synthetic_cache.py CACHE OUT --hosts "lgg/DU_*" --families ms --shapes MASKS

A painted volume keeps the patient of its host, so that a split never parts them, and what people
drew in the host stays in its truth. Its dataset is ``painted_<family>``, a whole head's
``synthetic_<family>``: a recipe draws from them as from any other. To test on, take hosts that
were not trained on, another seed and ``--strict``. With ``--shapes`` the lesions have
the shapes of a folder of masks in MNI space; only their brightness and edges are the family's.
With ``--normal`` most hosts get more of what is bright in healthy brains, too, which is no lesion.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

import numpy as np

from presight.train.cache import TrainingVolume, read_volume, write_volume
from presight.train.datasets.consensus import LESION
from presight.train.synthesis.head import synthesise_head
from presight.train.synthesis.normal import brighten_host
from presight.train.synthesis.paint import paint
from presight.train.synthesis.published import lay_onto

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
    parser.add_argument("--shapes", type=Path, help="folder of lesion masks in MNI space")
    parser.add_argument(
        "--strict", action="store_true", help="what nobody drew in a host counts as no lesion"
    )
    parser.add_argument(
        "--normal", action="store_true", help="hosts get more of what is bright in healthy brains"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for line in pool.map(make, work(arguments)):
            print(line, flush=True)


@dataclass(frozen=True)
class Work:
    """One volume to be made; without a host, a head made whole."""

    out: Path
    host: Path | None
    family: str
    seed: int
    shapes: tuple[Path, ...] = ()
    strict: bool = False
    normal: bool = False


def work(arguments: argparse.Namespace) -> Iterator[Work]:
    """Yield every volume to be made."""
    shapes = tuple(sorted(arguments.shapes.glob("*.nii*"))) if arguments.shapes else ()
    rng = np.random.default_rng(arguments.seed)
    number = 0
    for path in sorted(arguments.cache.glob("*.npz")):
        dataset, _, name = path.stem.partition("__")
        if any(fnmatch(f"{dataset}/{name}", pattern) for pattern in arguments.hosts):
            for _ in range(arguments.copies):
                family = family_of(number, PAINTED, arguments.families, rng)
                seed = arguments.seed + number
                yield Work(
                    arguments.out, path, family, seed, shapes, arguments.strict, arguments.normal
                )
                number += 1
    for _ in range(arguments.heads):
        family = family_of(number, HEADS, arguments.families, rng)
        yield Work(arguments.out, None, family, arguments.seed + number)
        number += 1


def family_of(
    number: int, shares: dict[str, int], fixed: list[str] | None, rng: np.random.Generator
) -> str:
    if fixed:
        return fixed[number % len(fixed)]
    weights = np.array(list(shares.values()))
    return str(rng.choice(list(shares), p=weights / weights.sum()))


def make(work: Work) -> str:
    volume = head(work.family, work.seed) if work.host is None else painted(work)
    if volume is None:
        return f"{work.host}: too little of the brain is seen to lay a shape onto it"
    write_volume(volume, work.out / f"{volume.id.replace('/', '__')}.npz")
    return f"{volume.id}: {(volume.mask == 1).sum() / 1000:.1f} mL"


def painted(work: Work) -> TrainingVolume | None:
    host = read_volume(work.host)
    rng = np.random.default_rng(work.seed)
    margin = None
    if work.shapes:
        margin = lay_onto(work.shapes[rng.integers(len(work.shapes))], host.anatomy, rng)
        if margin is None:
            return None
    drawn = host.mask == LESION if work.strict else host.mask
    flair, brain = host.image.astype(np.float32), host.brain > 0
    if work.normal:
        flair = brighten_host(flair, host.anatomy, brain, rng.spawn(1)[0])
    image, lesion = paint(
        flair,
        host.anatomy,
        brain,
        rng,
        work.family,
        slice_mm=host.slice_mm,
        margin=margin,
    )
    dataset = f"painted_{work.family}"
    return replace(
        host,
        id=f"{dataset}/{host.id.replace('/', '_')}_{work.seed}",
        dataset=dataset,
        patient=host.patient_id,
        image=image.astype(np.float16),
        mask=np.where(lesion, LESION, drawn).astype(np.uint8),
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
