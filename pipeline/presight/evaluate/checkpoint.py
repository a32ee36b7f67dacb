"""Use the checkpoint of a training run as if it were a bundle, before it is one."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from presight.segment.bundle import Bundle
from presight.train.checkpoint import read_checkpoint
from presight.train.network import build_network
from presight.train.recipe import Recipe


def checkpoint_bundle(path: Path, like: Bundle) -> Bundle:
    """Bundle with the averaged weights of a run.

    Parameters
    ----------
    path : Path
        ``checkpoint.pt`` of a run.
    like : Bundle
        Whose settings (threshold, smallest lesion, ...) are used; the temperature is 1, because
        that of another network says nothing of this one.

    Raises
    ------
    ConfigError
        The file is not a checkpoint.
    """
    checkpoint = read_checkpoint(path)
    recipe = Recipe.model_validate_json(checkpoint.recipe)
    network = build_network(recipe.network, recipe.output_prior)
    network.load_state_dict(checkpoint.average)
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    settings = like.settings.model_copy(
        update={
            "intensity_clip": recipe.intensity_clip,
            "temperature": 1.0,
            "weights": path.name,
            "sha256": checksum,
        }
    )
    version = f"step {checkpoint.step} of {recipe.steps}"
    return replace(
        like,
        name=recipe.name,
        version=version,
        sha256=checksum,
        network=network.eval(),
        settings=settings,
    )
