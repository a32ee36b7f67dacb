"""``presight demo``: a synthetic patient, so that everybody can see the whole way at once."""

from __future__ import annotations

import argparse

from presight.commands.run import add_run_options, run_plan
from presight.console import say
from presight.study.inputs import find_studies
from presight.train.synthesis.patient import synthetic_patient, write_patient

EXAMPLE = "presight demo --out out/demo"


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the command."""
    parser.add_argument("--seed", type=int, default=1, help="another seed is another patient")
    add_run_options(parser)


def execute(args: argparse.Namespace) -> int:
    """Make the patient, write the images as a scanner's export would be, and run them."""
    patient = synthetic_patient(args.seed)
    flair = write_patient(patient, args.out / "input")
    say(f"A synthetic patient ({patient.family}, seed {args.seed}) was written to {flair.parent}.")
    return run_plan(find_studies([flair]), lambda _study: patient.clinical, args)
