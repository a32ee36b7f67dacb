"""Train the anatomy network on whole heads, so that it can be stopped and resumed anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from monai.losses import DiceCELoss
from torch.nn import functional
from torch.utils.data import DataLoader

from presight.errors import ConfigError
from presight.segment.device import autocast, select_device
from presight.train.anatomy.heads import AnatomyHead
from presight.train.anatomy.patches import AnatomyPatches, Sample
from presight.train.anatomy.recipe import AnatomyRecipe
from presight.train.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from presight.train.learner import Descent, Learner
from presight.train.network import make

CHECKPOINT = "checkpoint.pt"
Progress = Callable[[int, int, float], None]


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
        descent = Descent(recipe.weight_decay, _GRADIENT_CLIP, recipe.ema_decay)
        self.learner = Learner(network, descent)
        if self.path.exists():
            self._restore(read_checkpoint(self.path))

    @property
    def step(self) -> int:
        """Number of steps done."""
        return self.learner.step

    def learn(self, batch: Sample) -> float:
        """Do one step; gives the loss."""
        image = batch["image"].to(self.device).contiguous(memory_format=torch.channels_last_3d)
        with autocast(self.device):
            logits = self.learner.network(image).float()
        truth = {name: batch[name].to(self.device) for name in ("region", "side")}
        return self.learner.follow(anatomy_loss(logits, truth), _rate(self.recipe, self.step))

    def save(self) -> Checkpoint:
        """Give and write the state."""
        state = self.learner.state(self.recipe.model_dump_json())
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
        self.learner.restore(state)


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
