"""Train the anatomy network of a recipe; stopped at any time, it goes on where it was.

python scripts/train_anatomy.py configs/recipes/brain-anatomy.yaml HEADS --out RUN
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from presight.train.anatomy import load_anatomy_recipe, read_heads, train_anatomy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("heads", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    recipe = load_anatomy_recipe(arguments.recipe)
    pools = {pattern: read_heads(arguments.heads, [pattern]) for pattern in recipe.pools}
    print({pattern: len(heads) for pattern, heads in pools.items()}, flush=True)
    begun = time.monotonic()
    recent: list[float] = []

    def progress(step: int, steps: int, loss: float) -> None:
        recent.append(loss)
        if step % 25 == 0:
            mean = sum(recent[-25:]) / len(recent[-25:])
            seconds = (time.monotonic() - begun) / len(recent)
            print(f"step {step} of {steps}: loss {mean:.3f}, {seconds:.2f} s a step", flush=True)

    train_anatomy(recipe, pools, arguments.out, arguments.device, arguments.workers, progress)


if __name__ == "__main__":
    main()
