"""``presight evaluate``: how well a bundle finds what people drew."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from presight.config import load_config, model_path
from presight.console import print_table, say, steps
from presight.errors import InputError, PresightError
from presight.evaluate.case import CaseScore, score_case
from presight.evaluate.checkpoint import checkpoint_bundle
from presight.evaluate.evaluation import Evaluation, Failed
from presight.evaluate.inputs import Source, read_sources, select
from presight.evaluate.predictions import compare, grid_of
from presight.evaluate.summary import summarise
from presight.evaluate.table import NOMINAL_NOTE, headings, sections
from presight.evaluate.write import write_evaluation
from presight.segment.bundle import Bundle, load_bundle
from presight.train.checkpoint import read_checkpoint
from presight.train.extends import find_recipe
from presight.train.recipe import Recipe, load_recipe
from presight.train.split import Split

EXAMPLE = "presight evaluate manifest.csv --out evaluation --patterns 'lgg/HT_*' 'open_ms/*'"

SOME_FAILED = 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the command."""
    parser.add_argument(
        "inputs",
        type=Path,
        nargs="+",
        metavar="MANIFEST|CACHE",
        help="CSV of scans with masks, run the whole way and compared on the grid they were drawn "
        "on; or a folder of prepared volumes, compared at 1 mm, which is faster",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="results go here")
    model = parser.add_mutually_exclusive_group()
    model.add_argument("--bundle", type=Path, metavar="DIR", help="default: the one that ships")
    model.add_argument(
        "--checkpoint", type=Path, metavar="FILE", help="of a training run, used as a bundle is"
    )
    parser.add_argument(
        "--recipe",
        metavar="RECIPE",
        help="take a part of its split: YAML file, or the name of one of configs/recipes",
    )
    parser.add_argument(
        "--part",
        choices=["train", "validation", "test"],
        help="of the split of the recipe (default: test), else of the checkpoint's own",
    )
    parser.add_argument(
        "--patterns", nargs="+", metavar="PATTERN", help="only scans whose dataset/name matches"
    )
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="P",
        help="in place of the bundle's own, above 0, under 1",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or openvino")
    parser.add_argument("--json", action="store_true", help="print summary.json, not the table")


def execute(args: argparse.Namespace) -> int:
    """Evaluate every scan, write the results and print the table.

    Raises
    ------
    PresightError
        There is nothing to evaluate, or the model cannot be used.
    """
    bundle = _model(args)
    scans = select(read_sources(args.inputs), _split(args), args.part or "test", args.patterns)
    settings = load_config("evaluation.yaml")
    failed: list[Failed] = []
    scores = tuple(_scores(scans, bundle, args.device, settings, failed))
    if not scores:
        raise InputError(f"none of {len(failed)} scans could be evaluated: {failed[0].sentence}")
    compared_on = " and ".join(sorted({grid_of(scan) for scan in scans}))
    evaluation = Evaluation(bundle, compared_on, scores, tuple(failed), settings)
    summaries = summarise(scores, settings)
    content = write_evaluation(evaluation, summaries, args.out)
    if args.json:
        print(json.dumps(content, ensure_ascii=False))
    else:
        parts = sections(summaries, settings["not_measured"], brief=True)
        print_table(headings(brief=True), [(part.by, part.rows) for part in parts])
        _say_the_rest(evaluation, args.out)
    return SOME_FAILED if failed else 0


def _split(args: argparse.Namespace) -> Split | None:
    """Split of the recipe that was named; else, if a part is asked for, of the checkpoint."""
    if args.recipe:
        return load_recipe(find_recipe(args.recipe)).split
    if args.part is None:
        return None
    if args.checkpoint is None:
        raise InputError("--part says nothing by itself", expected="--recipe or --checkpoint too")
    return Recipe.model_validate_json(read_checkpoint(args.checkpoint).recipe).split


def _model(args: argparse.Namespace) -> Bundle:
    """Bundle or checkpoint, with the threshold that was asked for."""
    bundle = load_bundle(args.bundle or model_path("flair_hyperintensity"), args.device)
    if args.checkpoint:
        bundle = checkpoint_bundle(args.checkpoint, bundle)
    if args.threshold is None:
        return bundle
    if not 0 < args.threshold < 1:
        raise InputError(f"the threshold is {args.threshold:g}", expected="above 0 and under 1")
    settings = bundle.settings.model_copy(update={"threshold": args.threshold})
    return replace(bundle, settings=settings)


def _scores(
    scans: tuple[Source, ...],
    bundle: Bundle,
    device: str,
    settings: dict[str, Any],
    failed: list[Failed],
) -> Iterator[CaseScore]:
    """Score of each scan; what fails is noted and the rest goes on."""
    with steps(len(scans)) as show:
        for scan in scans:
            show(scan.id)
            try:
                yield score_case(compare(scan, bundle, device), settings)
            except PresightError as error:
                failed.append(Failed(scan.id, str(error)))


def _say_the_rest(evaluation: Evaluation, out: Path) -> None:
    if not all(score.spacing_known for score in evaluation.scores):
        say(NOMINAL_NOTE)
    for failed in evaluation.failed:
        say(f"not evaluated: {failed.id}: {failed.sentence}")
    say(f"{len(evaluation.scores)} scans; all figures and plots: {out / 'summary.md'}")
