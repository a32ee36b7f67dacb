"""Prepare the scans of a dataset for training.

python scripts/cache_training_data.py ../shared/data/manifest.csv CACHE
python scripts/cache_training_data.py --dataset wmh2017 WMH_FOLDER CACHE

Nothing is downloaded: docs/datasets.md says where each dataset is to be had.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from presight.errors import PresightError
from presight.preprocess import preprocess
from presight.train.cache import cache_cases
from presight.train.datasets.catalogue import GENERAL, PUBLIC, cases_of


def main() -> None:
    arguments = parse()
    try:
        cases = cases_of(arguments.dataset, arguments.source, arguments.cache / "converted")
    except PresightError as error:
        raise SystemExit(str(error)) from error
    print(f"{len(cases)} scans, {sum(case.truth is not None for case in cases)} of them labelled")
    for case in cases:
        try:
            for path in cache_cases(
                [case], arguments.cache, preprocess, unlabelled=arguments.unlabelled
            ):
                print(path.name, flush=True)
        except PresightError as error:
            print(f"left out: {error}", flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, help="the dataset's folder, or a manifest")
    parser.add_argument("cache", type=Path)
    parser.add_argument("--dataset", choices=[*PUBLIC, *GENERAL], default="manifest")
    parser.add_argument(
        "--unlabelled",
        action="store_true",
        help="scans without a mask too, as hosts for painted lesions; what is bright in them is "
        "ignored, for it may be lesion",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
