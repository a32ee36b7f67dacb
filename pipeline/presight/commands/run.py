"""``presight run``: studies in, results out."""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from presight.cohort import Outcome, RunOptions, plan_cohort, run_cohort, write_group
from presight.cohort.slurm import slurm_script
from presight.commands.cohort_options import (
    DEFAULTS,
    GROUP,
    PARTICIPANT,
    add_cohort_options,
    bids_dataset,
    find_in_dataset,
    part_of,
    read_bids_app_order,
    without_slurm,
)
from presight.commands.list_series import list_series
from presight.commands.score import add_score_options
from presight.config import model_path, overridden, read_yaml
from presight.console import print_outcomes, print_plan, progress, say
from presight.dicom.choose import read_wishes
from presight.dicom.inputs import find_all
from presight.errors import ConfigError, InputError
from presight.memory import keep_memory
from presight.segment import identify_bundle
from presight.study import ClinicalRecord, Contrast, StudyInput
from presight.study.bids_clinical import read_bids_clinical, say_left_alone
from presight.study.clinical_table import read_clinical
from presight.study.inputs import Plan, read_table

EXAMPLE = "presight run flair.nii.gz --clinical labs.csv --out results"

SOME_FAILED = 1
_OTHERS = [contrast for contrast in Contrast if contrast is not Contrast.FLAIR]


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the command."""
    parser.add_argument(
        "inputs",
        nargs="*",
        type=Path,
        metavar="INPUT",
        help="FLAIR as NIfTI, or a folder of them; BIDS dataset; DICOM folder, zip or DICOMDIR",
    )
    parser.add_argument(
        "--table", type=Path, metavar="FILE", help="table of studies: flair, t1, ..., subject"
    )
    parser.add_argument(
        "--clinical", type=Path, metavar="FILE", help="clinical record, CSV or JSON"
    )
    for contrast in _OTHERS:
        parser.add_argument(
            f"--{contrast.value.replace('_', '-')}",
            type=Path,
            metavar="FILE",
            help=f"{contrast.value.upper().replace('_', ' ')} of the same visit",
        )
    parser.add_argument(
        "--series",
        action="append",
        default=[],
        metavar="CONTRAST=UID",
        help="take this DICOM series as that contrast (or none)",
    )
    parser.add_argument(
        "--list-series",
        action="store_true",
        help="show which DICOM series would be taken and why, and run nothing",
    )
    parser.add_argument(
        "--dicom",
        action="store_true",
        help="write segmentation, report and picture as DICOM too (of DICOM input)",
    )
    parser.add_argument(
        "--dicom-anatomy", action="store_true", help="the regions too, as a segmentation"
    )
    parser.add_argument(
        "--prior",
        type=Path,
        metavar="DIR",
        help="earlier scan: results of a run, a FLAIR or DICOM; what changed since then counts",
    )
    parser.add_argument(
        "--days-since-prior", type=float, metavar="N", help="where sessions are not dates"
    )
    add_run_options(parser, out_required=False)  # --list-series writes nothing
    add_cohort_options(parser)


def add_run_options(parser: argparse.ArgumentParser, *, out_required: bool = True) -> None:
    """Add the options that every command shares which runs studies."""
    parser.add_argument(
        "--out", type=Path, required=out_required, metavar="DIR", help="results go here"
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="YAML with settings to change")
    parser.add_argument("--bundle", type=Path, metavar="DIR", help="another segmentation model")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or openvino")
    parser.add_argument(
        "--no-resume", action="store_true", help="run again what would come out the same"
    )
    parser.set_defaults(
        **DEFAULTS, prior=None, days_since_prior=None, dicom=False, dicom_anatomy=False
    )
    add_score_options(parser)
    parser.add_argument("--json", action="store_true", help="print JSON for a program to read")
    parser.add_argument("--verbose", action="store_true", help="say more, with places of errors")


def execute(args: argparse.Namespace) -> int:
    """Run the studies that the arguments name.

    Raises
    ------
    PresightError
        Nothing can be run.
    """
    if args.list_series:
        return list_series(args.inputs, read_wishes(args.series), as_json=args.json)
    read_bids_app_order(args)
    if args.out is None:
        raise InputError("no folder for the results was given", action="Name one with --out DIR")
    if args.level == GROUP:
        write_group(args.out, args.labels)
        return 0
    if args.emit_slurm:
        print(slurm_script(without_slurm(args.words), args.out, args.emit_slurm), end="")
        return 0
    plan = part_of(_plan(args), args.part)
    return run_plan(plan, _clinical(args, plan), args)


def run_plan(
    plan: Plan, clinical: Callable[[StudyInput], ClinicalRecord], args: argparse.Namespace
) -> int:
    """Run a plan with the options of :func:`add_run_options`, print the outcome, give the code."""
    if args.verbose:
        logging.basicConfig(level=logging.WARNING)
        logging.getLogger("presight").setLevel(logging.DEBUG)
    options = _options(args)
    with overridden(options.settings):
        bundle = identify_bundle(options.bundle)
        if args.dry_run:
            print_plan(plan_cohort(plan, clinical, bundle, options))
            return 0
        keep_memory()
        with progress(len(plan.studies)) as show:
            outcomes = run_cohort(plan, clinical, bundle, options, show)
    print(json.dumps(_as_json(outcomes), indent=2)) if args.json else print_outcomes(outcomes)
    return SOME_FAILED if any(outcome.failure for outcome in outcomes) else 0


def _options(args: argparse.Namespace) -> RunOptions:
    bundle: Path = args.bundle or model_path("flair_hyperintensity")
    return RunOptions(
        out=args.out.absolute(),
        bundle=bundle.absolute(),
        device=args.device,
        resume=not args.no_resume,
        settings=_settings(args.config),
        setting=args.setting,
        without=tuple(args.without),
        prior=args.prior.absolute() if args.prior else None,
        days_since_prior=args.days_since_prior,
        jobs=args.jobs,
        scheduler=args.scheduler,
        labels=args.labels,
        dicom=args.dicom or args.dicom_anatomy,
        dicom_anatomy=args.dicom_anatomy,
        group=args.level != PARTICIPANT and args.part is None,
    )


def _plan(args: argparse.Namespace) -> Plan:
    others: dict[Contrast, Path] = {
        contrast: path for contrast in _OTHERS if (path := getattr(args, contrast.value))
    }
    if args.table and (args.inputs or others):
        raise InputError(
            "both a table and single images were given", action="Give one or the other"
        )
    if args.table:
        return read_table(args.table)
    if not args.inputs:
        raise InputError("no input was given", expected="a FLAIR, a folder, or --table FILE")
    if args.scheduler:  # whose workers have a working directory of their own
        args.inputs = [path.absolute() for path in args.inputs]
    if dataset := bids_dataset(args):
        return find_in_dataset(dataset, args)
    return find_all(args.inputs, others, read_wishes(args.series))


def _clinical(args: argparse.Namespace, plan: Plan) -> Callable[[StudyInput], ClinicalRecord]:
    """Find the records: in the table that a person gave, else in those of a BIDS dataset."""
    if args.clinical is None:
        return _clinical_of_dataset(bids_dataset(args))
    table = read_clinical(args.clinical)
    for sentence in table.check([(s.subject, s.session) for s in plan.studies]):
        say(sentence)
    return lambda study: table.record_for(study.subject, study.session)


def _clinical_of_dataset(dataset: Path | None) -> Callable[[StudyInput], ClinicalRecord]:
    if dataset is None:
        return lambda _study: ClinicalRecord()
    clinical = read_bids_clinical(dataset)
    for sentence in say_left_alone(clinical):
        say(sentence)
    return lambda study: clinical.record_for(study.subject, study.session)


def _settings(config: Path | None) -> dict[str, Any]:
    settings = read_yaml(config) if config else {}
    if not isinstance(settings, dict):
        raise ConfigError("the settings are not a table", where=config, expected="name: {...}")
    return settings


def _as_json(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    return [
        {
            "study": outcome.study.stem,
            "input": outcome.study.flair.name,
            "kept": outcome.kept,
            "seconds": dict(outcome.seconds),
            "report": str(outcome.report) if outcome.report else None,
            "classification": outcome.classification.model_dump(mode="json")
            if outcome.classification
            else None,
            "failure": outcome.failure.sentence if outcome.failure else None,
        }
        for outcome in outcomes
    ]
