"""Prepare every labelled scan of a manifest for training.

python scripts/cache_training_data.py ../shared/data/manifest.csv CACHE_FOLDER
"""

from __future__ import annotations

import argparse
from pathlib import Path

from presight.errors import PresightError
from presight.preprocess import preprocess
from presight.train.cache import cache_cases
from presight.train.datasets.manifest import manifest_cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    for case in manifest_cases(arguments.manifest):
        try:
            for path in cache_cases([case], arguments.folder, preprocess):
                print(path.name)
        except PresightError as error:
            print(f"left out: {error}")


if __name__ == "__main__":
    main()
