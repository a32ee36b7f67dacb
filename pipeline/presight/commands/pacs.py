"""``presight pacs``: beside a PACS, without a hand on it."""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from presight.config import overridden, read_yaml
from presight.console import say
from presight.dicom.inputs import find_examinations, short_hash
from presight.dicom.pacs.archive import Archive, ArchiveError
from presight.dicom.pacs.ledger import Ledger, State
from presight.dicom.pacs.status import counts, rows
from presight.dicom.pacs.watch import Watcher, retry_dead
from presight.errors import InputError, PresightError

EXAMPLE = "presight pacs watch https://pacs.example/dicom-web --out results"

_SOME_DEAD = 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the sub-commands and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    watch = actions.add_parser("watch", help="follow a DICOMweb server, or --listen for C-STORE")
    watch.add_argument("url", nargs="?", metavar="URL", help="of the DICOMweb server")
    watch.add_argument("--out", type=Path, required=True, metavar="DIR", help="results go here")
    watch.add_argument("--listen", type=int, metavar="PORT", help="receive studies by C-STORE")
    watch.add_argument("--title", default="PRESIGHT", help="own application entity title")
    watch.add_argument("--peer", metavar="TITLE@HOST:PORT", help="send results there by C-STORE")
    watch.add_argument("--tls", action="store_true", help="encrypt C-STORE, both ways")
    watch.add_argument("--config", type=Path, metavar="FILE", help="YAML with settings to change")
    watch.add_argument("--bundle", type=Path, metavar="DIR", help="another segmentation model")
    watch.add_argument("--device", default="auto", help="auto, cpu, cuda or openvino")
    watch.add_argument("--once", action="store_true", help="look once and end")
    push = actions.add_parser("push", help="store DICOM files on a DICOMweb server")
    push.add_argument("files", nargs="+", type=Path, metavar="FILE")
    push.add_argument("--url", required=True, help="of the DICOMweb server")
    for name, purpose in (
        ("status", "where every study stands"),
        ("retry", "try dead letters again"),
    ):
        action = actions.add_parser(name, help=purpose)
        action.add_argument("--out", type=Path, required=True, metavar="DIR", help="of the watcher")
        action.add_argument("--json", action="store_true", help="print JSON")


def execute(args: argparse.Namespace) -> int:
    """Do what the sub-command says.

    Raises
    ------
    PresightError
        Nothing can be done.
    """
    actions = {"watch": _watch, "push": _push, "status": _status, "retry": _retry}
    return actions[args.action](args)


def _watch(args: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    for talkative in ("pynetdicom", "dicomweb_client", "urllib3"):  # they log identifiers
        logging.getLogger(talkative).setLevel(logging.ERROR)
    folder = _state_folder(args.out)
    with ExitStack() as stack:
        stack.enter_context(overridden(read_yaml(args.config) if args.config else {}))
        watcher = Watcher(_archive(args, folder, stack), folder, lambda images: _run(images, args))
        say(f"Status page: {folder / 'status.html'}")
        if args.once:
            watcher.look()
        else:
            watcher.follow()
    dead = [entry for entry in watcher.ledger.all() if entry.state == State.DEAD]
    return _SOME_DEAD if dead else 0


def _archive(args: argparse.Namespace, folder: Path, stack: ExitStack) -> Archive:
    if (args.url is None) == (args.listen is None):
        raise InputError("name either a DICOMweb server or a port to --listen on")
    if args.url:
        from presight.dicom.pacs.dicomweb import DicomWeb  # noqa: PLC0415 (an extra)

        return DicomWeb(args.url)
    from presight.dicom.pacs.listener import Peer, Received, listening  # noqa: PLC0415 (an extra)
    from presight.dicom.pacs.tls import receiving, sending  # noqa: PLC0415

    received = folder / "received"
    peer = Peer.parse(args.peer) if args.peer else None
    listen_tls, send_tls = (receiving(), sending()) if args.tls else (None, None)
    stack.enter_context(listening(received, args.listen, args.title, tls=listen_tls))
    return Received(received, peer, args.title, send_tls)


def _run(images: Path, args: argparse.Namespace) -> Sequence[Path]:
    """Run one study in a process of its own: whatever happens to it, the watcher goes on."""
    found, _ = find_examinations(images)
    study = found[0].as_input()  # no FLAIR: InputError, before anything is started
    command = [sys.executable, "-m", "presight", "run", str(images), "--dicom"]
    options = {"--out": args.out, "--config": args.config, "--bundle": args.bundle}
    given = [str(word) for name, value in options.items() if value for word in (name, value)]
    done = subprocess.run(  # noqa: S603 (our own command line)
        [*command, *given, "--device", args.device], capture_output=True, text=True, check=False
    )
    files = sorted(args.out.glob(f"sub-{study.subject}/**/dicom/*.dcm"))
    if done.returncode or not files:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise PresightError(f"the run failed: {last}")
    return files


def _push(args: argparse.Namespace) -> int:
    from presight.dicom.pacs.dicomweb import DicomWeb  # noqa: PLC0415 (an extra)

    DicomWeb(args.url).store(args.files)
    say(f"{len(args.files)} objects were stored.")
    return 0


def _status(args: argparse.Namespace) -> int:
    entries = _ledger(args.out).all()
    if args.json:
        uids = {short_hash(entry.uid): entry.uid for entry in entries}
        print(
            json.dumps([{**row, "uid": uids[str(row["name"])]} for row in rows(entries)], indent=2)
        )
    else:
        print(counts(entries))
        for row in rows(entries):
            print(f"{row['name']}  {row['state']:8} {row['since']}  {row['reason']}")
    return 0


def _retry(args: argparse.Namespace) -> int:
    count = retry_dead(_ledger(args.out))
    say(f"{count} dead letters will be tried again.")
    return 0


def _ledger(out: Path) -> Ledger:
    path = _state_folder(out) / "ledger.sqlite"
    if not path.exists():
        raise ArchiveError("no watcher has worked here", where=out)
    return Ledger(path)


def _state_folder(out: Path) -> Path:
    return out / ".pacs"
