"""Train the anatomy network on whole heads, so that it can be stopped and resumed anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from monai.losses import DiceCELoss
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Dataset

from presight.errors import ConfigError
from presight.preprocess.anatomy_network import regions_of_ids, scaled, sides_of_ids
from presight.segment.device import autocast, select_device
from presight.train.anatomy.deform import apply_move, draw_move
from presight.train.anatomy.heads import AnatomyHead
from presight.train.anatomy.looks import change_looks
from presight.train.anatomy.recipe import AnatomyRecipe
from presight.train.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from presight.train.network import make

CHECKPOINT = "checkpoint.pt"
Progress = Callable[[int, int, float], None]
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


def train_anatomy(
    recipe: AnatomyRecipe,
    pools: dict[str, Sequence[AnatomyHead]],
    out: Path,
    device: str = "auto",
    workers: int = 0,
    progress: Progress = lambda step, steps, loss: None,
) -> Checkpoint:
    """Train from the last checkpoint in ``out``, or from the start if there is none.

    Parameters
    ----------
    recipe : AnatomyRecipe
    pools : mapping of str to sequence of AnatomyHead
        For each pattern of the recipe the heads that fit it.
    out : Path
        Folder for ``checkpoint.pt``.
    device : str
        As in :func:`presight.segment.device.select_device`.
    workers : int
        Processes that deform heads beside the training; 0 does it in turn.
    progress : callable
        Called with the number of steps done, the number of all steps and the loss.

    Returns
    -------
    Checkpoint
        State at the end; its ``average`` is what goes into a bundle.

    Raises
    ------
    ConfigError
        The recipe is not the one that the checkpoint was made with, but for its length.
    """
    run = _Run(recipe, out, device)
    saved = time.monotonic()
    for batch in _batches(pools, recipe, run.step, workers):
        progress(run.step + 1, recipe.steps, run.learn(batch))
        if time.monotonic() - saved > 60 * recipe.checkpoint_minutes:
            run.save()
            saved = time.monotonic()
    return run.save()


def anatomy_loss(logits: torch.Tensor, batch: Sample) -> torch.Tensor:
    """Dice and cross-entropy of the regions, cross-entropy of the sides of paired regions.

    Parameters
    ----------
    logits : (N, C, X, Y, Z) tensor
        Regions and, last, the side.
    batch : dict
        ``region`` (N, 1, X, Y, Z) of int64 and ``side`` (N, 1, X, Y, Z) of -1, 0 and 1.
    """
    of_regions = DiceCELoss(to_onehot_y=True, softmax=True, include_background=False, batch=True)
    loss: torch.Tensor = of_regions(logits[:, :-1], batch["region"])
    sided = batch["side"] != 0
    margin = (logits[:, -1:] * batch["side"])[sided]
    return loss + functional.softplus(-margin).mean() if sided.any() else loss


class _Run:
    """The moving parts of a run."""

    def __init__(self, recipe: AnatomyRecipe, out: Path, device: str) -> None:
        torch.manual_seed(recipe.seed)
        out.mkdir(parents=True, exist_ok=True)
        self.recipe, self.path, self.device = recipe, out / CHECKPOINT, select_device(device)
        network = make(recipe.network, "network").to(self.device)
        self.network = network.to(memory_format=torch.channels_last_3d)
        self.average = AveragedModel(
            self.network, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema_decay)
        )
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), weight_decay=recipe.weight_decay
        )
        self.losses: list[float] = []
        if self.path.exists():
            self._restore(read_checkpoint(self.path))

    @property
    def step(self) -> int:
        return len(self.losses)

    def learn(self, batch: Sample) -> float:
        """Do one step; gives the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = _rate(self.recipe, self.step)
        image = batch["image"].to(self.device).contiguous(memory_format=torch.channels_last_3d)
        with autocast(self.device):
            logits = self.network(image).float()
        truth = {name: batch[name].to(self.device) for name in ("region", "side")}
        loss = anatomy_loss(logits, truth)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), _GRADIENT_CLIP)
        self.optimizer.step()
        self.average.update_parameters(self.network)
        self.losses.append(float(loss.detach()))
        return self.losses[-1]

    def save(self) -> Checkpoint:
        """Give and write the state."""
        state = Checkpoint(
            step=self.step,
            network=self.network.state_dict(),
            average=self.average.module.state_dict(),
            optimizer=self.optimizer.state_dict(),
            losses=self.losses,
            recipe=self.recipe.model_dump_json(),
        )
        write_checkpoint(state, self.path)
        return state

    def _restore(self, state: Checkpoint) -> None:
        old = AnatomyRecipe.model_validate_json(state.recipe)
        if old.model_copy(update=_free(self.recipe)) != self.recipe:
            raise ConfigError(
                "the checkpoint was made with another recipe",
                where=self.path,
                action="Choose another output folder, or delete the checkpoint to start again",
            )
        self.network.load_state_dict(state.network)
        self.average.module.load_state_dict(state.average)
        self.average.n_averaged.fill_(state.step)
        self.optimizer.load_state_dict(state.optimizer)
        self.losses = list(state.losses)


_GRADIENT_CLIP = 5.0


def _free(recipe: AnatomyRecipe) -> dict[str, object]:
    """Give the settings that may change when a run goes on."""
    names = ("steps", "learning_rate", "checkpoint_minutes")
    return {name: getattr(recipe, name) for name in names}


def _rate(recipe: AnatomyRecipe, step: int) -> float:
    """Learning rate: a linear warm-up, then half a cosine down to nothing."""
    rising = min(1.0, (step + 1) / max(recipe.warmup_steps, 1))
    return recipe.learning_rate * rising * float(1 + np.cos(np.pi * step / recipe.steps)) / 2


def _batches(
    pools: dict[str, Sequence[AnatomyHead]], recipe: AnatomyRecipe, step: int, workers: int
) -> Iterator[Sample]:
    patches = AnatomyPatches(pools, recipe, step)
    yield from DataLoader(
        patches,
        batch_size=recipe.batch,
        num_workers=workers,
        worker_init_fn=lambda _: torch.set_num_threads(1),
    )
