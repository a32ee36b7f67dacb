"""Train the network of a recipe, so that it can be stopped and resumed anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader

from presight.errors import ConfigError
from presight.segment.device import autocast, has_bfloat16, select_device
from presight.train.cache import TrainingVolume
from presight.train.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from presight.train.initial import initial_weights
from presight.train.journal import Journal
from presight.train.learner import Descent, Learner
from presight.train.network import build_network, make
from presight.train.patches import Patches
from presight.train.processes import (
    join_processes,
    own_device,
    same_in_all_processes,
)
from presight.train.recipe import Recipe, Watch
from presight.train.split import split_cases
from presight.train.statistics import settle_statistics
from presight.train.watch import ValidationPatches, is_best, is_exhausted, look

CHECKPOINT, BEST = "checkpoint.pt", "best.pt"
_SURELY_NOT = -30.0  # log-odds without a loss and without a gradient where nothing was drawn

Progress = Callable[[int, int, float], None]


def train(
    recipe: Recipe,
    data: Sequence[TrainingVolume],
    out: Path,
    device: str = "auto",
    progress: Progress = lambda step, steps, loss: None,
    initial: Path | None = None,
) -> Checkpoint:
    """Train from the last checkpoint in ``out``, or from the start if there is none.

    Under ``torchrun`` every process takes its share of each batch; one process and several give
    the same network, up to rounding and to what is computed over a batch: its Dice and its
    normalisation are those of each process's share.

    Parameters
    ----------
    recipe : Recipe
        A resumed run must have the recipe that it began with; only its length, its workers and
        how often it is saved may change.
    data : sequence of TrainingVolume
        All cached volumes; the recipe's split says which are trained on.
    out : Path
        Folder for ``checkpoint.pt``, for ``best.pt`` where the recipe has the run watched, and
        for the TensorBoard log.
    device : str
        As in :func:`presight.segment.device.select_device`.
    progress : callable
        Called with the number of steps done, the number of all steps and the loss.
    initial : Path, optional
        Checkpoint of another run, or a bundle, whose weights a new run begins with.

    Returns
    -------
    Checkpoint
        State at the end; its ``average`` is what goes into a bundle.

    Raises
    ------
    ConfigError
        The recipe cannot be used, or is not the one that the checkpoint was made with.
    """
    run = _Run(recipe, out, device, initial)
    parts = split_cases(data, recipe.split)
    if recipe.watch:
        run.patches = ValidationPatches(parts["validation"], recipe)
    saved = time.monotonic()
    for batch in _batches(recipe, parts["train"], run):
        loss = run.learn(batch)
        progress(run.step, recipe.steps, loss)
        run.look()
        if run.exhausted:
            break
        if time.monotonic() - saved > 60 * recipe.checkpoint_minutes:
            run.save()
            saved = time.monotonic()
    return run.finish(parts["train"])


class _Run:
    """The moving parts of a run."""

    def __init__(self, recipe: Recipe, out: Path, device: str, initial: Path | None) -> None:
        torch.manual_seed(recipe.seed)
        out.mkdir(parents=True, exist_ok=True)
        self.recipe, self.out, self.device = recipe, out, own_device(select_device(device))
        self.rank, self.processes = join_processes(self.device)
        network = build_network(recipe.network, recipe.output_prior).to(self.device)
        if initial:
            _begin_with(network, initial)
        descent = Descent(recipe.weight_decay, recipe.gradient_clip, recipe.ema_decay)
        self.learner = Learner(network, descent, self.processes)
        self.loss = make(recipe.loss, "loss")
        self.looks: list[dict[str, Any]] = []
        self.patches: ValidationPatches | None = None
        if (out / CHECKPOINT).exists():
            self._restore(read_checkpoint(out / CHECKPOINT))
        logged = recipe.tensorboard and self.rank == 0
        self.journal = Journal(out / "tensorboard", self.step) if logged else None

    @property
    def step(self) -> int:
        """Number of steps done."""
        return self.learner.step

    def learn(self, batch: dict[str, torch.Tensor]) -> float:
        """Do one step; gives the loss."""
        rate = self.recipe.rate_at(self.step)
        loss = self.learner.follow(self._loss_of(batch), rate)
        if self.journal:
            self.journal.note_step(self.step, loss, rate)
        return loss

    def look(self) -> None:
        """See how the running mean of the weights does on the validation part, when it is time."""
        if self.patches is None or self.step % self._watch.every_steps:
            return
        seen = {}
        if self.rank == 0:
            network = self.learner.average
            found = look(self.step, network, self.patches, self._logits_of, self.loss)
            if self.journal:
                self.journal.note_look(found, network, self.patches, self._logits_of)
            seen = asdict(found)
        self.looks.append(same_in_all_processes(seen, self.processes))
        if is_best(self.looks, self._watch):
            self.save(BEST)

    @property
    def exhausted(self) -> bool:
        """Whether validation has not become better for as long as the recipe has patience."""
        return self.recipe.watch is not None and is_exhausted(self.looks, self.recipe.watch)

    @property
    def _watch(self) -> Watch:
        assert self.recipe.watch  # noqa: S101
        return self.recipe.watch

    def _loss_of(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        logits = self._logits_of(self.learner.parallel, batch)
        counts = {"counts": batch["counts"].to(self.device)} if "counts" in batch else {}
        loss: torch.Tensor = self.loss(logits, batch["mask"].to(self.device), **counts)
        return loss

    def _logits_of(self, network: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Log-odds; surely no lesion where the dataset says nothing to learn from."""
        image = batch["image"].to(self.device).to(memory_format=torch.channels_last_3d)
        with _numbers_to_train_with(self.device):
            logits = network(image).float()
        return logits.masked_fill(batch["ignored"].to(self.device), _SURELY_NOT)

    def save(self, name: str = CHECKPOINT) -> Checkpoint:
        """Give the state; the first process also writes it."""
        state = self.learner.state(self.recipe.model_dump_json(), self.looks)
        if self.rank == 0:
            write_checkpoint(state, self.out / name)
        return state

    def finish(self, volumes: Sequence[TrainingVolume]) -> Checkpoint:
        """Settle the statistics of what is kept, and save it."""
        best = self.out / BEST
        if self.rank == 0 and best.exists():
            state = read_checkpoint(best)
            write_checkpoint(replace(state, average=self._settled(state.average, volumes)), best)
        average = self.learner.average
        average.load_state_dict(self._settled(average.state_dict(), volumes))
        return self.save()

    def _settled(
        self, weights: dict[str, Any], volumes: Sequence[TrainingVolume]
    ) -> dict[str, Any]:
        """Weights with the statistics of the last batches of the run."""
        last = self.recipe.steps
        first = max(self.recipe.start_of_phase(last - 1), last - self.recipe.settling_batches)
        if first == last:
            return weights
        network = deepcopy(self.learner.average)
        network.load_state_dict(weights)
        patches = Patches(volumes, self.recipe, first, last)
        batches = DataLoader(
            patches,
            batch_size=patches.batch,
            num_workers=self.recipe.workers,
            worker_init_fn=_one_thread,
        )
        settle_statistics(network, (batch["image"] for batch in batches), self.device)
        return network.state_dict()

    def _restore(self, state: Checkpoint) -> None:
        _check_same(Recipe.model_validate_json(state.recipe), self.recipe, self.out)
        self.learner.restore(state)
        self.looks = list(state.looks)


def _begin_with(network: nn.Module, initial: Path) -> None:
    try:
        network.load_state_dict(initial_weights(initial))
    except RuntimeError as error:  # of other names or other sizes
        raise ConfigError(
            "the weights to begin with are those of another network",
            where=initial,
            expected="the network of the recipe",
        ) from error


def _check_same(old: Recipe, new: Recipe, out: Path) -> None:
    """Refuse to go on with another recipe; a run may only be prolonged."""
    free = {"phases", "learning_rate", "workers", "checkpoint_minutes"}
    free |= {"tensorboard", "watch", "settling_batches"}
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
        if start < phase.until_step and not run.exhausted:
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


def _numbers_to_train_with(device: torch.device) -> AbstractContextManager[object]:
    """Native bfloat16 or float32: gradients vanish in float16."""
    return autocast(device) if has_bfloat16(device) else nullcontext()
