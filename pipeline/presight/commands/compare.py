"""``presight compare``: two or more scans of one head, and what became of the lesions."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from presight.config import load_config, model_path, overridden, read_yaml
from presight.console import say
from presight.errors import ConfigError, InputError
from presight.follow_up.comparison import Comparison, compare
from presight.follow_up.sources import Source, find_sources, load_source, needs_model, with_day
from presight.follow_up.time_point import TimePoint
from presight.follow_up.trend import trend
from presight.follow_up.write import ChangeFiles, write_change, write_trend
from presight.segment import load_bundle
from presight.study.inputs import bids_label

EXAMPLE = "presight compare results/sub-01/ses-a results/sub-01/ses-b --days 0 30 --out change"


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the command."""
    parser.add_argument(
        "scans",
        nargs="+",
        type=Path,
        metavar="SCAN",
        help="from the earliest to the latest: a folder of results of presight run, or a FLAIR",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="results go here")
    parser.add_argument(
        "--masks",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="lesions that a person outlined, one for each FLAIR, instead of the model's",
    )
    parser.add_argument(
        "--days", nargs="+", type=float, metavar="DAY", help="day of each scan, in the same order"
    )
    parser.add_argument("--subject", metavar="ID", help="id of the patient in the results")
    parser.add_argument("--config", type=Path, metavar="FILE", help="YAML with settings to change")
    parser.add_argument("--bundle", type=Path, metavar="DIR", help="another segmentation model")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or openvino")
    parser.add_argument("--json", action="store_true", help="print JSON for a program to read")


def execute(args: argparse.Namespace) -> int:
    """Compare each scan with the one before it and write what was found.

    Raises
    ------
    PresightError
        The scans cannot be read or are not of one head.
    """
    with overridden(_settings(args.config)):
        points = _named(_time_points(args), args.subject)
        comparisons = [compare(before, after) for before, after in pairwise(points)]
        course = trend(points, comparisons)
        written = [write_change(each, args.out, course) for each in comparisons]
        write_trend(points[0].subject, course, args.out)
        _tell(comparisons, written, as_json=args.json)
    return 0


def _time_points(args: argparse.Namespace) -> list[TimePoint]:
    sources = [source for path in args.scans for source in find_sources(path)]
    if len(sources) < 2:
        raise InputError(
            f"{len(sources)} scan was found" if len(sources) == 1 else "no scan was found",
            expected="two or more of one patient, from the earliest to the latest",
        )
    masks = _one_each(args.masks, sources, "--masks")
    days = _one_each(args.days, sources, "--days")
    bundle = None
    if needs_model(sources, masks):
        bundle = load_bundle(args.bundle or model_path("flair_hyperintensity"), args.device)
    points = []
    for source, mask, day in zip(sources, masks, days, strict=True):
        say(f"{source.files.stem}: {'reading' if source.results else 'running'}")
        points.append(with_day(load_source(source, bundle, args.device, mask), day))
    _check_order(points)
    return points


def _one_each(given: list[Any] | None, sources: Sequence[Source], option: str) -> list[Any]:
    if given is None:
        return [None] * len(sources)
    if len(given) != len(sources):
        raise InputError(
            f"{len(given)} values were given with {option} for {len(sources)} scans",
            expected="one for each scan, in the same order",
        )
    return given


def _check_order(points: Sequence[TimePoint]) -> None:
    days = [point.day for point in points if point.day is not None]
    if days != sorted(days):
        raise InputError(
            f"the days of the scans run backwards ({', '.join(f'{day:g}' for day in days)})",
            expected="the earliest scan first",
            action="Give the scans in the order in which they were taken",
        )


def _named(points: list[TimePoint], subject: str | None) -> list[TimePoint]:
    """Give every scan the one patient and a session of its own."""
    one = bids_label(subject) if subject else points[0].subject
    sessions = [point.session or point.subject for point in points]
    taken = Counter(sessions)
    named = []
    for number, (point, session) in enumerate(zip(points, sessions, strict=True), start=1):
        own = session if taken[session] == 1 else f"{session}{number}"
        name = point.name if taken[session] == 1 else own
        named.append(replace(point, name=name, subject=one, session=own))
    if subject is None and len({point.subject for point in points}) > 1:
        say(f"The scans carry different ids; they are taken as one patient, {one}.")
    return named


def _tell(
    comparisons: Sequence[Comparison], written: Sequence[ChangeFiles], *, as_json: bool
) -> None:
    if as_json:
        print(json.dumps([each.report.model_dump(mode="json") for each in comparisons], indent=2))
        return
    said = load_config("follow_up.yaml")["page"]["trends"]
    for comparison, files in zip(comparisons, written, strict=True):
        report = comparison.report
        percent = "" if report.percent is None else f" ({report.percent:+.0f} %)"
        print(
            f"{report.before} to {report.after}: {said[report.trend or 'none']}; "
            f"{report.before_ml:.1f} to {report.after_ml:.1f} mL{percent}, "
            f"confirmed {report.confirmed_ml:+.1f} mL"
        )
        print(f"page: {files.page}")
    print("Research use only.")


def _settings(config: Path | None) -> dict[str, Any]:
    settings = read_yaml(config) if config else {}
    if not isinstance(settings, dict):
        raise ConfigError("the settings are not a table", where=config, expected="name: {...}")
    return settings
