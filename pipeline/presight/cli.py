"""The command line: words become a call, errors become a sentence and an exit code.

Exit codes: 0 all done; 1 some studies failed; 2 nothing could be run; 130 interrupted; 141 what
was printed went into a pipe that nobody reads any more.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import sys
from collections.abc import Sequence
from importlib import import_module

from presight import __version__
from presight.errors import PresightError
from presight.pipes import ending_with_the_reader
from presight.warm import importing

# In the order of --help. Each is a module of presight.commands, imported when it is asked for.
COMMANDS = {
    "demo": "run a synthetic patient the whole way, in under a minute",
    "run": "run studies: a FLAIR, many, or folders of them",
    "compare": "compare two or more scans of one head: what is new, grown or resolved",
    "status": "say how far a run is, also while it goes on",
    "score": "score structured findings and clinical facts, without images",
    "simulate": "make synthetic patients whose truth is known",
    "train": "train the segmentation model of a recipe, or go on with a run",
    "evaluate": "measure a model on scans where people drew the lesions",
    "review": "open the desk where a clinician goes through the flagged scans",
    "pacs": "follow a PACS: run what comes in, give the results back",
    "deidentify": "take out of DICOM files what names a person",
    "info": "print versions, devices, bundles and licences",
}

NOTHING_RUN, INTERRUPTED = 2, 130


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; the console script ``presight``."""
    atexit.register(gc.freeze)  # nobody looks for garbage in what ends with the process
    with ending_with_the_reader():
        return _run(list(sys.argv[1:] if words is None else words))


def _run(words: Sequence[str]) -> int:
    args = _parser(words[0] if words else "").parse_args(words)
    args.words = words
    try:
        code: int = args.execute(args)
    except PresightError as error:
        print(f"presight: {error}", file=sys.stderr)
        return NOTHING_RUN
    except KeyboardInterrupt:
        print("\npresight: interrupted; studies that were finished are complete.", file=sys.stderr)
        return INTERRUPTED
    return code


def _parser(wanted: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="presight",
        description="White-matter hyperintensity on FLAIR: PRES against toxic "
        "leukoencephalopathy. Research use only; not a medical device.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"presight {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, purpose in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=purpose,
            description=purpose[0].upper() + purpose[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        if name == wanted:  # torch takes seconds to import: `presight --help` goes without it
            with importing():
                module = import_module(f"presight.commands.{name}")
            command.epilog = f"example:\n  {module.EXAMPLE}"
            command.set_defaults(execute=module.execute)
            module.configure(command)
    return parser
