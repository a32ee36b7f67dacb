"""From a training checkpoint to a bundle."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from presight.segment.bundle import INFERENCE, METADATA, load_bundle
from presight.train.cache import TrainingVolume
from presight.train.calibrate import Calibration, calibrate
from presight.train.checkpoint import Checkpoint
from presight.train.familiar import limits_of
from presight.train.recipe import Recipe


def export_bundle(
    checkpoint: Checkpoint,
    bundle: Path,
    seen: Sequence[TrainingVolume],
    held_out: Sequence[TrainingVolume],
    device: str = "auto",
    threshold: float | None = None,
) -> Calibration:
    """Put a run into a bundle, with all that has to be measured anew for its weights.

    Parameters
    ----------
    checkpoint : Checkpoint
    bundle : Path
        As in :func:`export_weights`; temperature, threshold and trust are written as well.
    seen : sequence of TrainingVolume
        What a scan is to look like: the real scans of training and validation.
    held_out : sequence of TrainingVolume
        Patients that were neither trained on nor are tested on.
    device : str
        As in :func:`presight.segment.device.select_device`.
    threshold : float, optional
        As in :func:`presight.train.calibrate.calibrate`.

    Raises
    ------
    ConfigError
        There is no volume to measure on.
    """
    export_weights(checkpoint, bundle)
    limits = limits_of(seen)
    found = calibrate(load_bundle(bundle), held_out, device, threshold)
    metadata = read_json(bundle / METADATA)
    metadata["presight"] |= {
        "temperature": round(found.temperature, 3),
        "threshold": found.threshold,
        "trust": {
            "limits": {name: limit.model_dump() for name, limit in limits.items()},
            "scans": len(seen),
            "held_out_scans": found.scans_with_lesion,
            "expected_dice_error": found.expected_dice_error,
        },
    }
    metadata["calibration"] = dataclasses.asdict(found)
    write_json(bundle / METADATA, metadata)
    return found


def export_weights(checkpoint: Checkpoint, bundle: Path) -> str:
    """Put the averaged weights, the network and the intensity range of a run into a bundle.

    What was measured on the weights before is taken out: the temperature is 1 and nothing is said
    of trust until :func:`export_bundle` measures anew; the threshold stays.

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
    metadata, inference = read_json(bundle / METADATA), read_json(bundle / INFERENCE)
    checksum = store_weights(checkpoint.average, bundle / metadata["presight"]["weights"])
    metadata["presight"] |= {
        "sha256": checksum,
        "intensity_clip": list(recipe.intensity_clip),
        "temperature": 1.0,
    }
    metadata["presight"].pop("trust", None)
    metadata.pop("calibration", None)
    metadata["trained"] = {"recipe": recipe.name, "seed": recipe.seed, "steps": checkpoint.step}
    inference["network_def"] = recipe.network
    write_json(bundle / METADATA, metadata)
    write_json(bundle / INFERENCE, inference)
    return checksum


def store_weights(state: dict[str, torch.Tensor], path: Path) -> str:
    """Write weights as float16; gives the sha256 of the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(_half(state), path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _half(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """As float16; what a network knows under two names is stored once."""
    halves = {value.data_ptr(): value.half() for value in state.values()}
    return {name: halves[value.data_ptr()] for name, value in state.items()}


def read_json(path: Path) -> dict[str, Any]:
    """Content of a JSON file of a bundle."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file of a bundle, as people read it."""
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
