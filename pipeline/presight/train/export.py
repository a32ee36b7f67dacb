"""From a training checkpoint to a bundle."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch

from presight.segment.bundle import INFERENCE, METADATA
from presight.train.checkpoint import Checkpoint
from presight.train.recipe import Recipe


def export_weights(checkpoint: Checkpoint, bundle: Path) -> str:
    """Put the averaged weights, the network and the intensity range of a run into a bundle.

    Parameters
    ----------
    checkpoint : Checkpoint
    bundle : Path
        Folder with ``configs/metadata.json`` and ``configs/inference.json``, which are brought up
        to date. Weights are stored as float16: half the size, and less than the noise of training.

    Returns
    -------
    str
        sha256 of the weights file.
    """
    recipe = Recipe.model_validate_json(checkpoint.recipe)
    metadata, inference = _read(bundle / METADATA), _read(bundle / INFERENCE)
    weights = bundle / metadata["presight"]["weights"]
    weights.parent.mkdir(parents=True, exist_ok=True)
    torch.save(_half(checkpoint.average), weights)
    checksum = hashlib.sha256(weights.read_bytes()).hexdigest()
    metadata["presight"] |= {
        "sha256": checksum,
        "intensity_clip": list(recipe.intensity_clip),
    }
    metadata["trained"] = {"recipe": recipe.name, "seed": recipe.seed, "steps": checkpoint.step}
    inference["network_def"] = recipe.network
    _write(bundle / METADATA, metadata)
    _write(bundle / INFERENCE, inference)
    return checksum


def _half(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """As float16; what a network knows under two names is stored once."""
    halves = {value.data_ptr(): value.half() for value in state.values()}
    return {name: halves[value.data_ptr()] for name, value in state.items()}


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
