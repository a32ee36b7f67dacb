"""``presight train``: a recipe and cached volumes become a checkpoint."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from presight.console import errors, say
from presight.segment.device import tiny_numbers_as_zero
from presight.train.cache import read_cache
from presight.train.extends import find_recipe
from presight.train.recipe import Recipe, load_recipe
from presight.train.trainer import train

EXAMPLE = "presight train laptop-cpu --data cache --out runs/first"

_SECONDS_A_LINE = 60.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the command."""
    parser.add_argument(
        "recipe", metavar="RECIPE", help="YAML file, or the name of one of configs/recipes"
    )
    parser.add_argument(
        "--data", type=Path, nargs="+", required=True, metavar="CACHE", help="cached volumes"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="RUN", help="a run found here goes on"
    )
    parser.add_argument(
        "--initial",
        type=Path,
        metavar="CHECKPOINT",
        help="weights a new run begins with; a bundle's folder has some too",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    parser.add_argument("--steps", type=_positive, metavar="N", help="end after this many steps")
    held_out = parser.add_mutually_exclusive_group()
    held_out.add_argument("--fold", metavar="K/N", help="test on the K-th of N folds of patients")
    held_out.add_argument("--leave-out", metavar="DATASET", help="test on a whole dataset")
    held_out.add_argument(
        "--test", nargs="*", metavar="PATTERN", help="test on these (dataset/name), or on none"
    )


def execute(args: argparse.Namespace) -> int:
    """Train, or go on with what is in the output folder.

    Raises
    ------
    PresightError
        Recipe, data and output folder do not go together.
    """
    recipe = _recipe(args)
    volumes = [volume for folder in args.data for volume in read_cache(folder)]
    with tiny_numbers_as_zero(), _shown(recipe.steps) as show:
        checkpoint = train(recipe, volumes, args.out, args.device, show, args.initial)
    if _first_process():
        say(f"{checkpoint.step} steps of {recipe.steps} are in {args.out}.")
    return 0


def _recipe(args: argparse.Namespace) -> Recipe:
    recipe = load_recipe(find_recipe(args.recipe))
    if args.steps:
        recipe = recipe.of_length(args.steps)
    if args.fold:
        recipe = recipe.tested_on_fold(args.fold)
    if args.test is not None:
        recipe = recipe.testing_on(args.test)
    return recipe.leaving_out(args.leave_out) if args.leave_out else recipe


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number


@contextmanager
def _shown(steps: int) -> Iterator[Callable[[int, int, float], None]]:
    """Show a bar on a terminal, a line a minute elsewhere, nothing in all but one process."""
    if not _first_process():
        yield lambda step, steps, loss: None
    elif not errors.is_terminal:
        yield Lines(_SECONDS_A_LINE)
    else:
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=errors,
        ) as bar:
            task = bar.add_task("starting", total=steps)
            yield lambda step, steps, loss: bar.update(
                task, completed=step, description=f"loss {loss:.4f}"
            )


class Lines:
    """Says the mean loss and the speed since the last line."""

    def __init__(self, seconds_a_line: float) -> None:
        self.seconds_a_line = seconds_a_line
        self.since, self.losses = time.monotonic(), list[float]()

    def __call__(self, step: int, steps: int, loss: float) -> None:
        """Take note of one step."""
        self.losses.append(loss)
        seconds = time.monotonic() - self.since
        if seconds >= self.seconds_a_line or step == steps:
            mean, speed = sum(self.losses) / len(self.losses), seconds / len(self.losses)
            say(f"step {step} of {steps}: loss {mean:.4f}, {speed:.3f} s a step")
            self.since, self.losses = time.monotonic(), []


def _first_process() -> bool:
    return os.environ.get("RANK", "0") == "0"
