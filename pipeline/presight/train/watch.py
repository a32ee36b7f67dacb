"""How a network does, while it is trained, on patients that it is not trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from monai.metrics import compute_dice
from torch import nn

from presight.errors import ConfigError
from presight.train.cache import TrainingVolume
from presight.train.patches import SYNTHETIC, Patches
from presight.train.recipe import Recipe, Watch

Sample = dict[str, torch.Tensor]
Logits = Callable[[nn.Module, Sample], torch.Tensor]


@dataclass(frozen=True)
class Look:
    """One look at the validation part.

    Attributes
    ----------
    step : int
        Number of steps done.
    loss : float
    dice : float or None
        Mean over the patches with a lesion, at probability 0.5; ``None`` where none has one.
    """

    step: int
    loss: float
    dice: float | None


class ValidationPatches:
    """Patches of the validation part, the same at every look, without augmentation.

    Parameters
    ----------
    volumes : sequence of TrainingVolume
        The validation part. Patches are drawn from its datasets as often as in training.
    recipe : Recipe
        With ``watch``.

    Raises
    ------
    ConfigError
        The validation part has no volume of a dataset that is trained on.
    """

    def __init__(self, volumes: Sequence[TrainingVolume], recipe: Recipe) -> None:
        assert recipe.watch  # noqa: S101
        self.count = recipe.watch.patches
        self.patches = Patches(volumes, _plain(recipe, volumes), 0, recipe.phases[0].until_step)

    def __iter__(self) -> Iterator[Sample]:
        for number in range(self.count):
            sample = self.patches[number]
            yield {key: value[None] for key, value in sample.items()}


def look(
    step: int,
    network: nn.Module,
    patches: ValidationPatches,
    logits_of: Logits,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> Look:
    """See how a network does; no random number is used and the network is left as it was.

    Parameters
    ----------
    step : int
    network : torch.nn.Module
    patches : ValidationPatches
    logits_of : callable
        Gives the log-odds of a network for a batch.
    loss : callable
        Of log-odds and truth.
    """
    training = network.training
    network.eval()
    losses, scores = list[float](), list[torch.Tensor]()
    with torch.inference_mode():
        for batch in patches:
            logits, truth = logits_of(network, batch).cpu(), batch["mask"]
            losses.append(float(loss(logits, truth)))
            scores.append(compute_dice(logits > 0, truth))  # MONAI's class waits for all processes
    network.train(training)
    each = torch.cat(scores)
    known = each[torch.isfinite(each)]
    return Look(step, sum(losses) / len(losses), float(known.mean()) if len(known) else None)


def is_best(looks: Sequence[Mapping[str, Any]], watch: Watch) -> bool:
    """Whether the last look is better than all before it."""
    merits = [_merit(seen, watch) for seen in looks]
    return bool(merits) and merits[-1] > max(merits[:-1], default=float("-inf"))


def is_exhausted(looks: Sequence[Mapping[str, Any]], watch: Watch) -> bool:
    """Whether the best look lies as many looks back as the recipe has patience for."""
    if watch.patience is None or not looks:
        return False
    merits = [_merit(seen, watch) for seen in looks]
    return len(merits) - 1 - merits.index(max(merits)) >= watch.patience


def _merit(seen: Mapping[str, Any], watch: Watch) -> float:
    if watch.by == "loss":
        return -float(seen["loss"])
    return -1.0 if seen["dice"] is None else float(seen["dice"])


def _plain(recipe: Recipe, volumes: Sequence[TrainingVolume]) -> Recipe:
    """Leave augmentation out of the recipe, and datasets that the validation part has not."""
    there = {volume.dataset for volume in volumes}
    drawn = {
        name: share
        for name, share in recipe.sampling.datasets.items()
        if name in there and name != SYNTHETIC
    }
    if not drawn:
        raise ConfigError(
            "the validation part has no volume of a dataset that is trained on",
            where="split.validation",
            action="Name patients to validate on, or take watch out of the recipe",
        )
    sampling = recipe.sampling.model_copy(
        update={"datasets": drawn, "painted_share": 0.0, "margin": 1.0}
    )
    return recipe.model_copy(update={"sampling": sampling, "augmentation": ()})
