"""Augmented patches, each decided by the seed and its number alone.

A patch does not depend on the ones before it, so training can be resumed anywhere, and with any
number of worker processes, to the same result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from monai.bundle import ConfigParser
from monai.transforms import Compose, Randomizable
from torch.utils.data import Dataset

from presight.errors import ConfigError
from presight.train.cache import TrainingVolume
from presight.train.recipe import Recipe

_KEYS = ("image", "mask", "brain")


class Patches(Dataset[dict[str, torch.Tensor]]):
    """Patches of steps ``first_step`` to ``last_step``, in order; item 0 is the first.

    Parameters
    ----------
    volumes : sequence of TrainingVolume
        The volumes to draw from; every dataset of ``recipe.sampling`` must be there.
    recipe : Recipe
    first_step, last_step : int
        Within one phase of the recipe; ``last_step`` is not included.

    Raises
    ------
    ConfigError
        A dataset that the recipe draws from has no volume.
    """

    def __init__(
        self, volumes: Sequence[TrainingVolume], recipe: Recipe, first_step: int, last_step: int
    ) -> None:
        self.recipe = recipe
        self.phase = recipe.phase_at(first_step)
        self.first_step, self.last_step = first_step, last_step
        self.pools = {name: _pool(volumes, name) for name in recipe.sampling.datasets}
        self.centres = {volume.id: _lesion_voxels(volume) for volume in volumes}
        self.augment = _augmentation(recipe, self.phase.patch)

    def __len__(self) -> int:
        return (self.last_step - self.first_step) * self.phase.batch

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        step, place = divmod(index, self.phase.batch)
        rng = np.random.default_rng((self.recipe.seed, self.first_step + step, place))
        sample = self._crop(self._volume(rng), rng)
        self.augment.set_random_state(int(rng.integers(2**32)))
        augmented = self.augment(sample)
        return {
            "image": torch.as_tensor(augmented["image"]).clamp(*self.recipe.intensity_clip),
            "mask": (torch.as_tensor(augmented["mask"]) > 0.5).to(torch.float32),
        }

    def _volume(self, rng: np.random.Generator) -> TrainingVolume:
        names = list(self.recipe.sampling.datasets)
        shares = np.array([self.recipe.sampling.datasets[name] for name in names])
        pool = self.pools[names[rng.choice(len(names), p=shares / shares.sum())]]
        return pool[rng.integers(len(pool))]

    def _crop(self, volume: TrainingVolume, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        size = [round(self.recipe.sampling.margin * width) for width in self.phase.patch]
        corner = [
            int(centre - width // 2)
            for centre, width in zip(self._centre(volume, rng), size, strict=True)
        ]
        return {key: _cut(getattr(volume, key), corner, size) for key in _KEYS}

    def _centre(self, volume: TrainingVolume, rng: np.random.Generator) -> Any:
        lesion = self.centres[volume.id]
        jitter = rng.integers(-8, 9, size=3)
        if len(lesion) and rng.random() < self.recipe.sampling.lesion_centre_share:
            return lesion[rng.integers(len(lesion))] + jitter
        return _random_voxel(volume.brain, rng) + jitter


def _pool(volumes: Sequence[TrainingVolume], dataset: str) -> list[TrainingVolume]:
    pool = [volume for volume in volumes if volume.dataset == dataset]
    if not pool:
        raise ConfigError(
            f"there is no volume of {dataset} to train on",
            where="sampling.datasets",
            action="Take the dataset out of the recipe or add it to the cache",
        )
    return pool


def _lesion_voxels(volume: TrainingVolume, most: int = 2000) -> np.ndarray[Any, Any]:
    """Take some of the lesion voxels, evenly spread over their list."""
    voxels = np.argwhere(volume.mask)
    return voxels[:: max(1, len(voxels) // most)]


def _random_voxel(
    mask: np.ndarray[Any, Any], rng: np.random.Generator, tries: int = 64
) -> np.ndarray[Any, Any]:
    """Draw a voxel of the mask; the middle of the image if none of the tries hits one."""
    for voxel in rng.integers(0, mask.shape, size=(tries, 3)):
        if mask[tuple(voxel)]:
            return voxel
    return np.array(mask.shape) // 2


def _cut(array: np.ndarray[Any, Any], corner: list[int], size: list[int]) -> torch.Tensor:
    """Crop with a channel axis; 0 beyond the image."""
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
    return torch.from_numpy(out)[None]


def _augmentation(recipe: Recipe, patch: tuple[int, int, int]) -> Compose:
    parser = ConfigParser({"patch": list(patch), "augment": list(recipe.augmentation)})
    parser.parse()
    transforms = [
        parser.get_parsed_content(f"augment::{i}") for i in range(len(recipe.augmentation))
    ]
    return Compose([t for t in transforms if isinstance(t, Randomizable) or callable(t)])
