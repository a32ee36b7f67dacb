"""A network as it learns: what one step does to it, and what is kept to go on from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from presight.train.checkpoint import Checkpoint
from presight.train.processes import mean_over_processes, synchronised


@dataclass(frozen=True)
class Descent:
    """How weights follow a loss.

    Attributes
    ----------
    weight_decay : float
        Of AdamW.
    gradient_clip : float
        Largest norm of a gradient.
    ema_decay : float
        Of the running mean of the weights, a step.
    """

    weight_decay: float
    gradient_clip: float
    ema_decay: float


class Learner:
    """A network, the running mean of its weights, its optimizer, and the loss of every step.

    Parameters
    ----------
    network : torch.nn.Module
        On the device that it learns on.
    descent : Descent
    processes : int
        Over which gradients and losses are averaged, see :mod:`presight.train.processes`.

    Attributes
    ----------
    network : torch.nn.Module
        The weights that learn.
    parallel : torch.nn.Module
        The same, to be called for log-odds to learn from: averages gradients over all processes.
    losses : list of float
        Of every step done.
    """

    def __init__(self, network: nn.Module, descent: Descent, processes: int = 1) -> None:
        self.network = network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self._mean = AveragedModel(
            self.network, multi_avg_fn=get_ema_multi_avg_fn(descent.ema_decay)
        )
        self.parallel = synchronised(self.network, processes)
        self._optimizer = torch.optim.AdamW(
            self.network.parameters(), weight_decay=descent.weight_decay
        )
        self._clip, self._processes = descent.gradient_clip, processes
        self.losses: list[float] = []

    @property
    def average(self) -> nn.Module:
        """The running mean of the weights, which is what is kept."""
        return self._mean.module

    @property
    def step(self) -> int:
        """Number of steps done."""
        return len(self.losses)

    def follow(self, loss: torch.Tensor, rate: float) -> float:
        """Do one step down a loss at a learning rate; gives the loss."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self._clip)
        self._optimizer.step()
        self._mean.update_parameters(self.network)
        self.losses.append(mean_over_processes(loss.detach(), self._processes))
        return self.losses[-1]

    def state(self, recipe: str, looks: list[dict[str, Any]] | None = None) -> Checkpoint:
        """Give all that is needed to go on, with the recipe as JSON and what was seen so far."""
        return Checkpoint(
            step=self.step,
            network=self.network.state_dict(),
            average=self.average.state_dict(),
            optimizer=self._optimizer.state_dict(),
            losses=self.losses,
            recipe=recipe,
            looks=looks or [],
        )

    def restore(self, state: Checkpoint) -> None:
        """Become what was kept."""
        self.network.load_state_dict(state.network)
        self.average.load_state_dict(state.average)
        self._mean.n_averaged.fill_(state.step)
        self._optimizer.load_state_dict(state.optimizer)
        self.losses = list(state.losses)
