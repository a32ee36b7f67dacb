"""``presight simulate``: synthetic patients whose truth is known."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.progress import Progress

from presight.console import errors, say
from presight.train.synthesis.dataset import simulate_cohort

EXAMPLE = "presight simulate --out simulated --n 20 --seed 1"


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the command."""
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="patients go here")
    parser.add_argument("--n", type=int, default=10, help="how many patients (default: 10)")
    parser.add_argument("--seed", type=int, default=1, help="another seed is other patients")
    parser.add_argument("--family", metavar="NAME", help="one lesion family of synthesis.yaml")


def execute(args: argparse.Namespace) -> int:
    """Write the patients as raw BIDS, with truth and clinical record."""
    with Progress(console=errors, disable=not errors.is_terminal, transient=True) as bar:
        task = bar.add_task("simulating", total=args.n)
        simulate_cohort(
            args.out,
            args.n,
            args.seed,
            args.family,
            report=lambda done, _total: bar.update(task, completed=done),
        )
    say(f"{args.n} patients are in {args.out}. To run them:")
    say(
        f"presight run --table {args.out / 'studies.csv'} "
        f"--clinical {args.out / 'clinical.csv'} --out results"
    )
    return 0
