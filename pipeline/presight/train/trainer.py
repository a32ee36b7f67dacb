"""Train the network of a recipe, so that it can be stopped and resumed anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from presight.errors import ConfigError
from presight.segment.device import autocast, select_device
from presight.train.cache import TrainingVolume
from presight.train.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from presight.train.network import build_network, make
from presight.train.patches import Patches
from presight.train.processes import join_processes, mean_over_processes, synchronised
from presight.train.recipe import Recipe
from presight.train.split import split_cases

CHECKPOINT = "checkpoint.pt"

Progress = Callable[[int, int, float], None]


def train(
    recipe: Recipe,
    data: Sequence[TrainingVolume],
    out: Path,
    device: str = "auto",
    progress: Progress = lambda step, steps, loss: None,
) -> Checkpoint:
    """Train from the last checkpoint in ``out``, or from the start if there is none.

    Under ``torchrun`` every process takes its share of each batch; one process and several give
    the same network, up to rounding.

    Parameters
    ----------
    recipe : Recipe
        A resumed run must have the recipe that it began with; only its length, its workers and
        how often it is saved may change.
    data : sequence of TrainingVolume
        All cached volumes; the recipe's split says which are trained on.
    out : Path
        Folder for ``checkpoint.pt`` (and the TensorBoard log).
    device : str
        As in :func:`presight.segment.device.select_device`.
    progress : callable
        Called with the number of steps done, the number of all steps and the loss.

    Returns
    -------
    Checkpoint
        State at the end; its ``average`` is what goes into a bundle.

    Raises
    ------
    ConfigError
        The recipe cannot be used, or is not the one that the checkpoint was made with.
    """
    run = _Run(recipe, out, device)
    volumes = split_cases(data, recipe.split)["train"]
    saved = time.monotonic()
    for batch in _batches(recipe, volumes, run):
        loss = run.learn(batch)
        progress(run.step, recipe.steps, loss)
        if time.monotonic() - saved > 60 * recipe.checkpoint_minutes:
            run.save()
            saved = time.monotonic()
    return run.save()


class _Run:
    """The moving parts of a run."""

    def __init__(self, recipe: Recipe, out: Path, device: str) -> None:
        torch.manual_seed(recipe.seed)
        out.mkdir(parents=True, exist_ok=True)
        self.recipe, self.out, self.device = recipe, out, select_device(device)
        self.rank, self.processes = join_processes(self.device)
        network = build_network(recipe.network, recipe.output_prior).to(self.device)
        self.network = network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.average = AveragedModel(
            self.network, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema_decay)
        )
        self.parallel = synchronised(self.network, self.processes)
        self.loss = make(recipe.loss, "loss")
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), weight_decay=recipe.weight_decay
        )
        self.losses: list[float] = []
        if (out / CHECKPOINT).exists():
            self._restore(read_checkpoint(out / CHECKPOINT))
        self.log = _tensorboard(out) if recipe.tensorboard and self.rank == 0 else None

    @property
    def step(self) -> int:
        """Number of steps done."""
        return len(self.losses)

    def learn(self, batch: dict[str, torch.Tensor]) -> float:
        """Do one step; gives the loss."""
        rate = self.recipe.rate_at(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = self._loss_of(batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.gradient_clip)
        self.optimizer.step()
        self.average.update_parameters(self.network)
        self.losses.append(mean_over_processes(loss.detach(), self.processes))
        if self.log:
            self.log.add_scalar("loss", self.losses[-1], self.step)
        return self.losses[-1]

    def _loss_of(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        image = batch["image"].to(self.device).to(memory_format=torch.channels_last_3d)
        with autocast(self.device):
            logits = self.parallel(image)
        loss: torch.Tensor = self.loss(logits.float(), batch["mask"].to(self.device))
        return loss

    def save(self) -> Checkpoint:
        """Give the state; the first process also writes it."""
        state = Checkpoint(
            step=self.step,
            network=self.network.state_dict(),
            average=self.average.module.state_dict(),
            optimizer=self.optimizer.state_dict(),
            losses=self.losses,
            recipe=self.recipe.model_dump_json(),
        )
        if self.rank == 0:
            write_checkpoint(state, self.out / CHECKPOINT)
        return state

    def _restore(self, state: Checkpoint) -> None:
        _check_same(Recipe.model_validate_json(state.recipe), self.recipe, self.out)
        self.network.load_state_dict(state.network)
        self.average.module.load_state_dict(state.average)
        self.average.n_averaged.fill_(state.step)
        self.optimizer.load_state_dict(state.optimizer)
        self.losses = list(state.losses)


def _check_same(old: Recipe, new: Recipe, out: Path) -> None:
    """Refuse to go on with another recipe; a run may only be prolonged."""
    free = {"phases", "learning_rate", "workers", "checkpoint_minutes", "tensorboard"}
    fixed = type(old).model_fields.keys() - free
    changed = sorted(name for name in fixed if getattr(old, name) != getattr(new, name))
    if changed:
        raise ConfigError(
            f"the checkpoint was made with another {', '.join(changed)}",
            where=out / CHECKPOINT,
            action="Choose another output folder, or delete the checkpoint to start again",
        )


def _batches(
    recipe: Recipe, volumes: Sequence[TrainingVolume], run: _Run
) -> Iterator[dict[str, torch.Tensor]]:
    """Batches of all steps that are left, phase by phase."""
    first = 0
    for phase in recipe.phases:
        start = max(first, run.step)
        if start < phase.until_step:
            patches = Patches(volumes, recipe, start, phase.until_step, run.rank, run.processes)
            yield from DataLoader(
                patches,
                batch_size=patches.batch,
                num_workers=recipe.workers,
                worker_init_fn=_one_thread,
                prefetch_factor=4 if recipe.workers else None,
            )
        first = phase.until_step


def _one_thread(_: int) -> None:
    torch.set_num_threads(1)


def _tensorboard(out: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "tensorboard is not installed",
            where="tensorboard: true",
            action='Install it with pip install "presight[train]"',
        ) from error
    return SummaryWriter(out / "tensorboard")
