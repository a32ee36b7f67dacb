"""`presight train` with its words in another order, for runs that were begun with this script.

python scripts/train_recipe.py RECIPE CACHE_FOLDER... --out RUN_FOLDER
"""

from __future__ import annotations

import argparse
import sys

from presight.cli import main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe")
    parser.add_argument("caches", nargs="+")
    words, options = parser.parse_known_args()
    sys.exit(main(["train", words.recipe, "--data", *words.caches, *options]))
