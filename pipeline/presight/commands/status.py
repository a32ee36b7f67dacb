"""``presight status``: how far a cohort is, also while it runs."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

from presight.cohort.status import Status, status_of

EXAMPLE = "presight status results"


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the command."""
    parser.add_argument("out", type=Path, metavar="OUT", help="folder of results")
    parser.add_argument(
        "--watch", type=float, metavar="SECONDS", help="say it again until no run goes on"
    )
    parser.add_argument("--json", action="store_true", help="print JSON for a program to read")


def execute(args: argparse.Namespace) -> int:
    """Print where the cohort stands."""
    while True:
        status = status_of(args.out)
        print(json.dumps(_as_json(status), indent=2) if args.json else _as_text(status), flush=True)
        if not args.watch or not (status.running or status.waiting):
            return 0
        time.sleep(args.watch)


def _as_json(status: Status) -> dict[str, object]:
    failures = [
        {"stage": stage, "kind": kind, "count": count}
        for (stage, kind), count in sorted(status.failures.items())
    ]
    return {**asdict(status), "failures": failures}


def _as_text(status: Status) -> str:
    lines = [
        f"{status.complete} of {status.planned} studies are complete, {status.failed} failed, "
        f"{status.left} have not come to an end.",
        *status.runs,
    ]
    if status.running:
        lines.append(f"At work on: {', '.join(status.running)}.")
    if status.per_minute:
        lines.append(
            f"{status.per_minute:.1f} studies a minute; about {_spoken(status.minutes_left)} left."
        )
    for (stage, kind), count in sorted(status.failures.items()):
        lines.append(f"Failed at {stage} with {kind}: {count}.")
    return "\n".join(lines)


def _spoken(minutes: float | None) -> str:
    if minutes is None:
        return "an unknown time"
    if minutes < 90:
        return f"{max(1, round(minutes))} min"
    return f"{minutes / 60:.1f} h"
