"""From a checkpoint of the anatomy network to a bundle."""

from __future__ import annotations

from pathlib import Path

from presight.segment.bundle import INFERENCE, METADATA
from presight.train.anatomy.recipe import AnatomyRecipe
from presight.train.checkpoint import Checkpoint
from presight.train.export import read_json, store_weights, write_json


def export_anatomy(checkpoint: Checkpoint, bundle: Path) -> str:
    """Put the averaged weights and the network of a run into a bundle.

    Parameters
    ----------
    checkpoint : Checkpoint
    bundle : Path
        Folder with ``configs/metadata.json`` and ``configs/inference.json``, which are brought up
        to date.

    Returns
    -------
    str
        sha256 of the weights file.
    """
    recipe = AnatomyRecipe.model_validate_json(checkpoint.recipe)
    metadata, inference = read_json(bundle / METADATA), read_json(bundle / INFERENCE)
    checksum = store_weights(checkpoint.average, bundle / metadata["presight"]["weights"])
    metadata["presight"]["sha256"] = checksum
    metadata["trained"] = {"recipe": recipe.name, "seed": recipe.seed, "steps": checkpoint.step}
    inference["network_def"] = recipe.network
    write_json(bundle / METADATA, metadata)
    write_json(bundle / INFERENCE, inference)
    return checksum
