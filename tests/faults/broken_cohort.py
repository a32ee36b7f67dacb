"""A BIDS cohort with broken studies in it, and how to compare what came out of two runs."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import nibabel as nib
import numpy as np

VOLATILE = ("run.json", ".presight/")  # times and memory; whose turn it was

# Coarse settings of the shipped pipeline: every stage runs as it does elsewhere, on an eighth of
# the voxels. What comes out is of no use but to be compared.
LIGHT_SETTINGS = """\
preprocess:
  spacing_mm: 2.0
  anatomy: {method: registration}
  registration:
    scales: [1.0]
    pitches_deg: [0.0]
    levels:
      - {grid_mm: 8, starts: 1, affine: false, iterations: 20, first_step_mm: 2, share: 1}
      - {grid_mm: 4, starts: 1, affine: true, iterations: 20, first_step_mm: 1, share: 1}
  bias: {shrink: 8, iterations: [10]}
"""


def make_cohort(folder: Path, flairs: Sequence[Path], whole: int, broken: int) -> list[str]:
    """Write a raw BIDS dataset of ``whole`` good and ``broken`` bad subjects.

    Good ones are the given images in turn, each with noise of its own. Returns the labels of the
    bad ones, which stand between the others.
    """
    rng = np.random.default_rng(1)
    places = np.linspace(1, whole + broken - 1, broken).round().astype(int) if broken else []
    ways = list(_WAYS.values())
    bad, ages, good = [], [], 0
    for number in range(whole + broken):
        subject = f"{number:04d}"
        flair = folder / f"sub-{subject}/anat/sub-{subject}_FLAIR.nii.gz"
        flair.parent.mkdir(parents=True)
        age = str(20 + number % 60)
        if number in places:
            age = ways[len(bad) % len(ways)](flairs[0], flair) or age
            bad.append(subject)
        else:
            _noisy(flairs[good % len(flairs)], flair, rng)
            good += 1
        ages.append(f"sub-{subject}\t{age}\n")
    (folder / "participants.tsv").write_text("participant_id\tage\n" + "".join(ages))
    description = {"Name": "A cohort with broken studies", "BIDSVersion": "1.9.0"}
    (folder / "dataset_description.json").write_text(json.dumps(description))
    return bad


def contents(out: Path) -> dict[str, str]:
    """Hash of every file of a result by its name, without those that tell of times and turns."""
    names = (str(p.relative_to(out)) for p in sorted(out.rglob("*")) if p.is_file())
    stable = [name for name in names if not name.startswith(VOLATILE)]
    return {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in stable}


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Names of files that are in one alone, or differ."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _noisy(source: Path, target: Path, rng: np.random.Generator) -> None:
    image = nib.load(source)
    data = np.asarray(image.dataobj, dtype=np.float32)
    noise = rng.normal(scale=0.004 * np.percentile(data, 99), size=data.shape)
    data = np.where(data > 0, np.maximum(data + noise, 0), 0)
    nib.save(nib.Nifti1Image(data.round().astype(np.int16), image.affine), target)


def _empty(_source: Path, target: Path) -> None:
    target.touch()


def _cut_short(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes()[: source.stat().st_size // 2])


def _text(_source: Path, target: Path) -> None:
    with gzip.open(target, "wt") as file:
        file.write("This is not an image.")


def _constant(source: Path, target: Path) -> None:
    image = nib.load(source)
    nib.save(nib.Nifti1Image(np.ones(image.shape, np.int16), image.affine), target)


def _not_finite(source: Path, target: Path) -> None:
    image = nib.load(source)
    data = np.asarray(image.dataobj, dtype=np.float32)
    data[5:9] = np.nan
    nib.save(nib.Nifti1Image(data, image.affine), target)


def _no_geometry(source: Path, target: Path) -> None:
    image = nib.load(source)
    nib.save(nib.Nifti1Image(np.asarray(image.dataobj), np.diag([40.0, 40, 40, 1])), target)


def _not_fetched(_source: Path, target: Path) -> None:
    target.symlink_to("../../.git/annex/objects/not-here")


def _impossible_age(source: Path, target: Path) -> str:
    target.write_bytes(source.read_bytes())
    return "450"


_WAYS: dict[str, Callable[[Path, Path], str | None]] = {
    "empty": _empty,
    "cut short": _cut_short,
    "text": _text,
    "constant": _constant,
    "not finite": _not_finite,
    "no geometry": _no_geometry,
    "not fetched": _not_fetched,
    "impossible age": _impossible_age,
}
