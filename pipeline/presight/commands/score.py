"""``presight score``: structured findings and clinical facts, no images."""

from __future__ import annotations

import argparse
import csv
import io
import json
from pathlib import Path

from presight.console import say
from presight.errors import InputError
from presight.report.atomic import write_text
from presight.score import read_table, score_table

EXAMPLE = "presight score readings.csv --out assessments.csv"

SOME_FAILED = 1
_DELIMITERS = {".csv": ",", ".tsv": "\t"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the command."""
    parser.add_argument("table", type=Path, metavar="TABLE", help="CSV, TSV or JSON, a row a study")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="TABLE", help="CSV, TSV or JSON by its ending"
    )
    add_score_options(parser)


def add_score_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that change how a study is scored."""
    parser.add_argument(
        "--setting", metavar="NAME", help="prior to start from, of configs/evidence/prior.yaml"
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="FACT",
        help="leave a fact or a group of configs/evidence/features.yaml out; may be repeated",
    )


def execute(args: argparse.Namespace) -> int:
    """Score every row and write the table.

    Raises
    ------
    PresightError
        The table cannot be read or written, or an option names what does not exist.
    """
    if args.out.suffix not in {*_DELIMITERS, ".json"}:
        raise InputError(
            f"the ending {args.out.suffix!r} is not known",
            where=args.out,
            expected=".csv, .tsv or .json",
        )
    rows = score_table(
        read_table(args.table), without=args.without, setting=args.setting, name=args.table.name
    )
    write_text(args.out, _as_text(rows, args.out.suffix))
    failed = [row for row in rows if row["error"]]
    for row in failed:
        say(f"not scored: {row['error']}")
    say(f"{len(rows) - len(failed)} of {len(rows)} rows were scored; research use only.")
    return SOME_FAILED if failed else 0


def _as_text(rows: list[dict[str, str]], suffix: str) -> str:
    if suffix == ".json":
        return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
    text = io.StringIO()
    writer = csv.DictWriter(
        text, fieldnames=list(rows[0]) if rows else [], delimiter=_DELIMITERS[suffix]
    )
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
