"""Put the weights of a training run into a bundle.

python scripts/export_bundle.py RUN_FOLDER/checkpoint.pt models/flair_hyperintensity
"""

from __future__ import annotations

import argparse
from pathlib import Path

from presight.train.checkpoint import read_checkpoint
from presight.train.export import export_weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("bundle", type=Path)
    arguments = parser.parse_args()
    print(export_weights(read_checkpoint(arguments.checkpoint), arguments.bundle))


if __name__ == "__main__":
    main()
