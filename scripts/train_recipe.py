"""Train a recipe on a cache folder, with a line a minute: for a machine that is left alone.

python scripts/train_recipe.py configs/recipes/laptop-cpu.yaml CACHE_FOLDER... --out RUN_FOLDER
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch

from presight.train.cache import read_cache
from presight.train.recipe import load_recipe
from presight.train.trainer import train


class Lines:
    """Prints the mean loss and the speed since the last line."""

    def __init__(self) -> None:
        self.since, self.losses = time.monotonic(), list[float]()

    def __call__(self, step: int, steps: int, loss: float) -> None:
        """Take note of one step."""
        self.losses.append(loss)
        seconds = time.monotonic() - self.since
        if seconds > 60 or step == steps:
            mean = sum(self.losses) / len(self.losses)
            speed = seconds / len(self.losses)
            print(f"step {step} of {steps}: loss {mean:.4f}, {speed:.3f} s a step", flush=True)
            self.since, self.losses = time.monotonic(), []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("caches", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--initial", type=Path, help="checkpoint whose weights are begun with")
    arguments = parser.parse_args()
    torch.set_flush_denormal(True)
    volumes = [volume for folder in arguments.caches for volume in read_cache(folder)]
    train(
        load_recipe(arguments.recipe),
        volumes,
        arguments.out,
        progress=Lines(),
        initial=arguments.initial,
    )


if __name__ == "__main__":
    main()
