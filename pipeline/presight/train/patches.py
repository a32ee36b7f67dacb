"""Augmented patches, each decided by the seed and its number alone.

A patch does not depend on the ones before it, so training can be resumed anywhere, and with any
number of worker processes, to the same result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from monai.bundle import ConfigParser
from monai.transforms import Compose
from monai.utils import convert_to_tensor
from numpy.typing import NDArray
from scipy import ndimage
from torch.utils.data import Dataset

from presight.errors import ConfigError
from presight.train.cache import TrainingVolume
from presight.train.recipe import Recipe
from presight.train.synthesis.head import synthesise_head
from presight.train.synthesis.paint import paint
from presight.train.weights import lesion_weights

SYNTHETIC = "synthetic"
_KEYS = ("image", "mask", "brain")
Array = NDArray[Any]


class Patches(Dataset[dict[str, torch.Tensor]]):
    """One process's patches of steps ``first_step`` to ``last_step``, in order.

    Parameters
    ----------
    volumes : sequence of TrainingVolume
        The volumes to draw from; every dataset of ``recipe.sampling`` must be there.
    recipe : Recipe
    first_step, last_step : int
        Within one phase of the recipe; ``last_step`` is not included.
    rank, processes : int
        Which of how many processes this is: each takes its share of every batch.

    Raises
    ------
    ConfigError
        A dataset that the recipe draws from has no volume, or the batch cannot be shared out.
    """

    def __init__(
        self,
        volumes: Sequence[TrainingVolume],
        recipe: Recipe,
        first_step: int,
        last_step: int,
        rank: int = 0,
        processes: int = 1,
    ) -> None:
        self.recipe, self.sampling = recipe, recipe.sampling
        self.phase = recipe.phase_at(first_step)
        self.first_step, self.last_step, self.rank = first_step, last_step, rank
        self.batch = _share_of(self.phase.batch, processes)
        self.pools = {name: _pool(volumes, name) for name in recipe.sampling.datasets}
        self.centres = {volume.id: _lesion_voxels(volume) for volume in volumes}
        each = recipe.sampling.each_lesion_share > 0
        self.lesions = {volume.id: _lesion_middles(volume) for volume in volumes if each}
        self.augment = _augmentation(recipe, self.phase.patch)

    def __len__(self) -> int:
        return (self.last_step - self.first_step) * self.batch

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        step, place = divmod(index, self.batch)
        place += self.rank * self.batch
        rng = np.random.default_rng((self.recipe.seed, self.first_step + step, place))
        drawn = self._draw(rng)
        sample = {key: torch.from_numpy(drawn[key])[None] for key in ("image", "brain")}
        sample["mask"] = torch.from_numpy(
            np.stack([drawn["mask"] == 1, drawn["mask"] == 2])
        ).float()
        self.augment.set_random_state(int(rng.integers(2**32)))
        augmented = self.augment(sample)
        image, mask = (convert_to_tensor(augmented[key]) for key in ("image", "mask"))
        return {
            "image": image.clamp(*self.recipe.intensity_clip),
            "mask": (mask[:1] > 0.5).to(torch.float32),
            "ignored": mask[1:] > 0,
            **self._counts(mask[0] > 0.5),
        }

    def _counts(self, mask: torch.Tensor) -> dict[str, torch.Tensor]:
        """Say what every voxel counts, where the recipe weighs lesions."""
        if self.recipe.lesion_weight is None:
            return {}
        counts = lesion_weights(mask.numpy(), self.recipe.lesion_weight)
        return {"counts": torch.from_numpy(counts)[None]}

    def _draw(self, rng: np.random.Generator) -> dict[str, Array]:
        """Draw a patch before augmentation, a little larger than the one that is learnt from."""
        name = _choose(self.sampling.datasets, rng)
        size = [round(self.sampling.margin * width) for width in self.phase.patch]
        family = _choose(self.sampling.families, rng) if self.sampling.families else None
        if name == SYNTHETIC:
            return _synthetic_patch(size, family, rng)
        volume = self.pools[name][rng.integers(len(self.pools[name]))]
        patch = self._crop(volume, size, rng)
        if rng.random() < self.sampling.painted_share:
            _paint_into(patch, family, volume.slice_mm, rng)
        return {key: patch[key] for key in _KEYS}

    def _crop(
        self, volume: TrainingVolume, size: list[int], rng: np.random.Generator
    ) -> dict[str, Array]:
        centre = self._centre(volume, rng)
        corner = [int(place - width // 2) for place, width in zip(centre, size, strict=True)]
        return {key: _cut(getattr(volume, key), corner, size) for key in (*_KEYS, "anatomy")}

    def _centre(self, volume: TrainingVolume, rng: np.random.Generator) -> Array:
        lesion = self.centres[volume.id]
        if volume.id in self.lesions and rng.random() < self.sampling.each_lesion_share:
            lesion = self.lesions[volume.id]
        jitter: Array = rng.integers(-8, 9, size=3)
        if len(lesion) and rng.random() < self.sampling.lesion_centre_share:
            return lesion[rng.integers(len(lesion))] + jitter
        return _random_voxel(volume.brain, rng) + jitter


def _share_of(batch: int, processes: int) -> int:
    share, rest = divmod(batch, processes)
    if rest or not share:
        raise ConfigError(
            f"a batch of {batch} cannot be shared by {processes} processes",
            where="phases",
            expected=f"a multiple of {processes}",
        )
    return share


def _choose(shares: Mapping[str, float], rng: np.random.Generator) -> str:
    weights = np.array(list(shares.values()))
    return str(rng.choice(list(shares), p=weights / weights.sum()))


def _synthetic_patch(
    size: list[int], family: str | None, rng: np.random.Generator
) -> dict[str, Array]:
    made = synthesise_head(rng, family, crop=(size[0], size[1], size[2]))
    found = {"image": made.flair, "mask": made.lesion, "brain": made.head.brain}
    return {key: value.astype(np.float32) for key, value in found.items()}


def _paint_into(
    patch: dict[str, Array], family: str | None, slice_mm: float, rng: np.random.Generator
) -> None:
    """Add a painted lesion, in place; what people drew stays true."""
    labels, brain = patch["anatomy"].astype(np.uint8), patch["brain"] > 0
    if not brain.any():
        return
    patch["image"], lesion = paint(patch["image"], labels, brain, rng, family, slice_mm=slice_mm)
    patch["mask"] = np.where(lesion, 1, patch["mask"]).astype(np.float32)


def _pool(volumes: Sequence[TrainingVolume], dataset: str) -> list[TrainingVolume]:
    pool = [volume for volume in volumes if volume.dataset == dataset]
    if not pool and dataset != SYNTHETIC:
        raise ConfigError(
            f"there is no volume of {dataset} to train on",
            where="sampling.datasets",
            action="Take the dataset out of the recipe or add it to the cache",
        )
    return pool


def _lesion_voxels(volume: TrainingVolume, most: int = 2000) -> Array:
    """Take some of the lesion voxels, evenly spread over their list."""
    voxels = np.argwhere(volume.mask == 1)
    return voxels[:: max(1, len(voxels) // most)]


def _lesion_middles(volume: TrainingVolume) -> Array:
    """One voxel of every lesion: drawn from these, a focus counts as much as a large oedema."""
    box = ndimage.find_objects((volume.mask == 1).astype(np.uint8))
    if not box:
        return np.zeros((0, 3), dtype=int)
    lesions, _ = ndimage.label(volume.mask[box[0]] == 1, np.ones((3, 3, 3)))
    middles = [
        np.argwhere(lesions[part] == i) + [s.start for s in part]
        for i, part in enumerate(ndimage.find_objects(lesions), start=1)
    ]
    corner = [s.start for s in box[0]]
    return np.array([voxels[len(voxels) // 2] for voxels in middles]) + corner


def _random_voxel(mask: Array, rng: np.random.Generator, tries: int = 64) -> Array:
    """Draw a voxel of the mask; the middle of the image if none of the tries hits one."""
    for voxel in rng.integers(0, mask.shape, size=(tries, 3)):
        if mask[tuple(voxel)]:
            return voxel
    return np.array(mask.shape) // 2


def _cut(array: Array, corner: list[int], size: list[int]) -> Array:
    """Crop; 0 beyond the image."""
    out = np.zeros(size, dtype=np.float32)
    low = [max(0, start) for start in corner]
    high = [
        min(width, start + extent)
        for width, start, extent in zip(array.shape, corner, size, strict=True)
    ]
    if all(a < b for a, b in zip(low, high, strict=True)):
        target = tuple(
            slice(a - start, b - start) for a, b, start in zip(low, high, corner, strict=True)
        )
        out[target] = array[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    return out


def _augmentation(recipe: Recipe, patch: tuple[int, int, int]) -> Compose:
    parser = ConfigParser({"patch": list(patch), "augment": list(recipe.augmentation)})
    parser.parse()
    numbers = range(len(recipe.augmentation))
    return Compose([parser.get_parsed_content(f"augment::{number}") for number in numbers])
