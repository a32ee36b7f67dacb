"""Bring cached volumes to half resolution for the training of the anatomy network.

python scripts/cache_anatomy_heads.py CACHE... --out HEADS
"""

from __future__ import annotations

import argparse
from pathlib import Path

from presight.train.anatomy import halve_volume, write_head
from presight.train.cache import read_volume


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("caches", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for cache in arguments.caches:
        for path in sorted(cache.glob("*.npz")):
            write_head(halve_volume(read_volume(path)), arguments.out)


if __name__ == "__main__":
    main()
