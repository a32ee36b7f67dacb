"""``presight deidentify``: DICOM files without what names a person."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from pathlib import Path

from presight.console import say
from presight.dicom.deidentify_files import deidentify_files
from presight.dicom.pseudonym import Pseudonyms
from presight.errors import ConfigError

EXAMPLE = "presight deidentify scans/ --out clean/  # the key is in PRESIGHT_KEY"

KEY = "PRESIGHT_KEY"
_SOME_REFUSED = 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the command."""
    parser.add_argument("inputs", nargs="+", type=Path, metavar="INPUT", help="folder, zip, file")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="copies go here")
    parser.add_argument(
        "--deface", action="store_true", help="blank what lies far from the brain of the FLAIR"
    )


def execute(args: argparse.Namespace) -> int:
    """Write the copies and say what was kept back.

    Raises
    ------
    PresightError
        There is no key or nothing to do.
    """
    names = Pseudonyms(_key())
    written, refused = 0, Counter[str]()
    for path in args.inputs:
        summary = deidentify_files(path, args.out, names, deface=args.deface)
        written += summary.written
        refused.update(summary.refused)
    say(f"{written} images were written to {args.out}.")
    for reason, count in refused.most_common():
        say(f"{count} files were not: {reason}.")
    return _SOME_REFUSED if not written else 0


def _key() -> bytes:
    key = os.environ.get(KEY, "")
    if not key:
        raise ConfigError(
            f"the secret key is not set in {KEY}",
            expected="a text of at least 16 characters that you keep",
            action="Make one with: openssl rand -hex 32",
        )
    return key.encode()
