"""Put a training run into a bundle: weights, temperature, threshold, and how far to trust it.

python scripts/export_bundle.py RUN_FOLDER/checkpoint.pt models/flair_hyperintensity \
    --data CACHE_FOLDER...

The recipe inside the checkpoint says which patients are held out: on its part `validation` the
temperature and the threshold are found; what a scan is to look like comes from the real scans of
`train` and `validation`. Nothing is taken from `test`. Without --data only the weights are put in.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from presight.train.cache import read_cache
from presight.train.checkpoint import read_checkpoint
from presight.train.export import export_bundle, export_weights
from presight.train.familiar import real
from presight.train.recipe import Recipe
from presight.train.split import split_cases


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--data", type=Path, nargs="+", default=[], help="cached volumes")
    parser.add_argument("--threshold", type=float, help="in place of the best on `validation`")
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    checkpoint = read_checkpoint(arguments.checkpoint)
    if not arguments.data:
        print("sha256", export_weights(checkpoint, arguments.bundle))
        print("temperature 1, nothing said of trust: measure them with --data")
        return
    volumes = [volume for folder in arguments.data for volume in read_cache(folder)]
    parts = split_cases(volumes, Recipe.model_validate_json(checkpoint.recipe).split)
    seen = real([*parts["train"], *parts["validation"]])
    found = export_bundle(
        checkpoint,
        arguments.bundle,
        seen,
        parts["validation"],
        arguments.device,
        arguments.threshold,
    )
    for name, value in vars(found).items():
        print(f"{name:20} {value:.4f}" if isinstance(value, float) else f"{name:20} {value}")


if __name__ == "__main__":
    main()
