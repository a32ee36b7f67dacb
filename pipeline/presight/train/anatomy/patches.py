"""What the anatomy network learns from: whole heads, each moved, bent and changed anew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.utils.data import Dataset

from presight.preprocess.anatomy_network import regions_of_ids, scaled, sides_of_ids
from presight.train.anatomy.deform import apply_move, draw_move
from presight.train.anatomy.heads import AnatomyHead
from presight.train.anatomy.looks import change_looks
from presight.train.anatomy.recipe import AnatomyRecipe

Sample = dict[str, torch.Tensor]


class AnatomyPatches(Dataset[Sample]):
    """Deformed heads, each decided by the seed and its number alone.

    Parameters
    ----------
    pools : mapping of str to sequence of AnatomyHead
        For each pattern of the recipe the heads that fit it.
    recipe : AnatomyRecipe
    first_step : int
    """

    def __init__(
        self,
        pools: dict[str, Sequence[AnatomyHead]],
        recipe: AnatomyRecipe,
        first_step: int = 0,
    ) -> None:
        self.pools, self.recipe, self.first = pools, recipe, first_step * recipe.batch
        shares = np.array(list(recipe.pools.values()))
        self.chances = shares / shares.sum()

    def __len__(self) -> int:
        return self.recipe.steps * self.recipe.batch - self.first

    def __getitem__(self, index: int) -> Sample:
        rng = np.random.default_rng((self.recipe.seed, self.first + index))
        pool = self.pools[str(rng.choice(list(self.recipe.pools), p=self.chances))]
        head = pool[int(rng.integers(len(pool)))]
        image, labels = self._moved(head, rng)
        image = change_looks(image, labels > 0, self.recipe.looks, rng)
        region = torch.from_numpy(regions_of_ids())[labels.long()]
        side = torch.from_numpy(sides_of_ids())[labels.long()]
        if rng.random() < 0.5:
            image, region, side = image.flip(0), region.flip(0), -side.flip(0)
        return {"image": scaled(image)[None], "region": region[None], "side": side[None]}

    def _moved(
        self, head: AnatomyHead, rng: np.random.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        there = np.argwhere(head.labels[::4, ::4, ::4]) * 4
        move = draw_move(self.recipe.deformation, self.recipe.patch, rng)
        image, labels = (
            torch.from_numpy(values.astype(np.float32)) for values in (head.image, head.labels)
        )
        middle = (there.min(axis=0) + there.max(axis=0)) / 2
        return apply_move(move, image, labels, middle, self.recipe.patch)
