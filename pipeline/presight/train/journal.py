"""What a run leaves for TensorBoard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from presight.errors import ConfigError
from presight.train.pictures import sheet
from presight.train.watch import Logits, Look, ValidationPatches

_PICTURES = 4


class Journal:
    """TensorBoard log of a run: loss, learning rate, validation and pictures.

    Parameters
    ----------
    folder : Path
    step : int
        Number of steps done; what an interrupted run wrote beyond it is taken back.

    Raises
    ------
    ConfigError
        TensorBoard is not installed.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._writer = _writer(folder, step)

    def note_step(self, step: int, loss: float, rate: float) -> None:
        """Note one step."""
        self._writer.add_scalar("loss/training", loss, step)
        self._writer.add_scalar("learning rate", rate, step)

    def note_look(
        self, seen: Look, network: nn.Module, patches: ValidationPatches, logits_of: Logits
    ) -> None:
        """Note a look at the validation part, with pictures of its first patches with a lesion."""
        self._writer.add_scalar("loss/validation", seen.loss, seen.step)
        if seen.dice is not None:
            self._writer.add_scalar("validation Dice", seen.dice, seen.step)
        rows = _rows(network, patches, logits_of)
        if rows:
            self._writer.add_image("image, truth, probability", sheet(rows), seen.step)
        self._writer.flush()


def _rows(
    network: nn.Module, patches: ValidationPatches, logits_of: Logits
) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Image, truth and probability, (X, Y, Z) each, of the patches that are shown."""
    rows: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
    training = network.training
    network.eval()
    with torch.inference_mode():
        for batch in patches:
            if len(rows) < _PICTURES and batch["mask"].any():
                probability = torch.sigmoid(logits_of(network, batch)).cpu()
                rows.append((batch["image"][0, 0], batch["mask"][0, 0], probability[0, 0]))
    network.train(training)
    return rows


def _writer(folder: Path, step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "tensorboard is not installed",
            where="tensorboard: true",
            action='Install it with pip install "presight[train]"',
        ) from error
    return SummaryWriter(folder, purge_step=step + 1)
