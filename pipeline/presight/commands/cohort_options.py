"""Options of ``presight run`` for cohorts: which part of a dataset, on what, and in which order.

Besides its own order of words, ``presight run`` takes that of a BIDS App
(Gorgolewski 2017, 10.1371/journal.pcbi.1005209): ``bids_dir output_dir participant|group``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from presight.errors import InputError
from presight.study.bids import Selection, find_bids, is_bids
from presight.study.inputs import Plan

PARTICIPANT, GROUP = "participant", "group"
DEFAULTS = {
    "jobs": None,
    "scheduler": None,
    "level": None,
    "part": None,
    "labels": None,
    "dry_run": False,
}


def add_cohort_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command that concern many studies."""
    cohort = parser.add_argument_group("cohorts (docs/cohorts.md)")
    for name in ("participant", "session"):
        cohort.add_argument(
            f"--{name}-label",
            f"--{name}_label",
            nargs="+",
            action="extend",
            default=[],
            metavar="LABEL",
            help=f"only these {name}s of a BIDS dataset",
        )
    cohort.add_argument(
        "--filter",
        action="append",
        default=[],
        metavar="ENTITY=VALUE",
        help="only FLAIRs of a BIDS dataset with this in their names, such as acq=space* or run=1",
    )
    cohort.add_argument(
        "--jobs", type=_positive, metavar="N", help="studies at a time (default: one a core)"
    )
    cohort.add_argument(
        "--scheduler", metavar="ADDRESS", help="run on the workers of this Dask scheduler"
    )
    cohort.add_argument(
        "--part", type=_part, metavar="I/N", help="only the I-th of N equal parts of the studies"
    )
    cohort.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="table of known classes (subject, session, label), to look at the calibration",
    )
    cohort.add_argument(
        "--dry-run", action="store_true", help="say what would be run and why, and run nothing"
    )
    cohort.add_argument(
        "--emit-slurm", type=_positive, metavar="N", help="print a SLURM array script of N tasks"
    )


def read_bids_app_order(args: argparse.Namespace) -> None:
    """Understand ``bids_dir output_dir participant|group`` in the place of inputs.

    Raises
    ------
    InputError
        The words are neither that order nor a list of inputs.
    """
    *before, last = args.inputs or [Path()]
    args.level = str(last) if str(last) in (PARTICIPANT, GROUP) and not last.exists() else None
    if args.level is None:
        return
    args.inputs = before[:1]
    if args.out is None and len(before) == 2:
        args.out = before[1]
    elif len(before) != 1:
        raise InputError(
            f"{len(before)} folders stand before the word {args.level}",
            expected=f"presight run bids_dir output_dir {args.level}",
        )


def bids_dataset(args: argparse.Namespace) -> Path | None:
    """Return the BIDS dataset that is the one input, or ``None``.

    Raises
    ------
    InputError
        Part of a dataset is asked for, and there is none.
    """
    folders = args.inputs if len(args.inputs) == 1 else []
    dataset = next((folder for folder in folders if is_bids(folder)), None)
    if dataset is None and (args.participant_label or args.session_label or args.filter):
        raise InputError(
            "participants, sessions or entities were chosen, and the input is no BIDS dataset",
            where=args.inputs[0] if args.inputs else None,
            expected="one folder with a dataset_description.json of raw data",
        )
    return dataset


def find_in_dataset(dataset: Path, args: argparse.Namespace) -> Plan:
    """Find the studies of a BIDS dataset that the options choose."""
    entities = dict(_entity(text) for text in args.filter)
    selection = Selection(tuple(args.participant_label), tuple(args.session_label), entities)
    return find_bids(dataset, selection)


def part_of(plan: Plan, part: tuple[int, int] | None) -> Plan:
    """Return the I-th of N equal parts of a plan; every part names what was refused."""
    if part is None:
        return plan
    number, parts = part
    return replace(plan, studies=plan.studies[number - 1 :: parts])


def without_slurm(words: Sequence[str]) -> list[str]:
    """Return the words of a command line without ``--emit-slurm N``."""
    kept, rest = [], iter(words)
    for word in rest:
        if word == "--emit-slurm":
            next(rest, None)
        elif not word.startswith("--emit-slurm="):
            kept.append(word)
    return kept


def _entity(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise InputError(f"the filter is {text!r}", expected="ENTITY=VALUE, such as acq=space*")
    return name, value


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def _part(text: str) -> tuple[int, int]:
    number, slash, parts = text.partition("/")
    if not slash or not number.isdigit() or not parts.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not I/N, such as 3/10")
    if not 1 <= int(number) <= int(parts):
        raise argparse.ArgumentTypeError(f"{text!r}: the first number runs from 1 to the second")
    return int(number), int(parts)
