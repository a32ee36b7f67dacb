"""Score a bundle on the part of a cache that its recipe did not train on.

python scripts/evaluate_bundle.py CACHE_FOLDER models/flair_hyperintensity \
    --recipe configs/recipes/laptop-cpu.yaml --part test
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import fields
from pathlib import Path

from presight.segment import load_bundle
from presight.train.cache import read_cache
from presight.train.evaluate import CaseScore, Summary, evaluate, summarise
from presight.train.recipe import load_recipe
from presight.train.split import split_cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", type=Path)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--part", choices=["train", "validation", "test"], default="test")
    parser.add_argument("--every", type=int, default=1, help="only every n-th scan")
    arguments = parser.parse_args()
    volumes = split_cases(read_cache(arguments.cache), load_recipe(arguments.recipe).split)
    groups = defaultdict[str, list[CaseScore]](list)
    for score in evaluate(
        load_bundle(arguments.bundle), volumes[arguments.part][:: arguments.every]
    ):
        print(_row(score), flush=True)
        groups[score.dataset].append(score)
    for dataset, scores in groups.items():
        print(f"{dataset}: {_row(summarise(scores))}")


def _row(values: CaseScore | Summary) -> str:
    cells = ((field.name, getattr(values, field.name)) for field in fields(values))
    return "  ".join(
        f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}"
        for name, value in cells
    )


if __name__ == "__main__":
    main()
