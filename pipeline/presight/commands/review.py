"""``presight review``: the clinician's desk, its record and its accounts."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from presight.console import say
from presight.errors import ConfigError, InputError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from presight.review.api import HospitalLogin
    from presight.review.store import Store

EXAMPLE = """presight review user add anna --role admin --results results
  presight review --results results"""

NOT_WHOLE = 1
SECRET = "PRESIGHT_OIDC_SECRET"  # noqa: S105  # the name of the variable, which holds the secret
_ROLES = ("reader", "reviewer", "admin")
_FORMATS = ("json", "csv", "bids", "manifest", "dicom")


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the command."""
    _add_store(parser, required=False)
    parser.add_argument("--host", default="127.0.0.1", help="address to open (default: loopback)")
    parser.add_argument("--port", type=int, default=8080, help="default: 8080")
    parser.add_argument("--certificate", type=Path, metavar="FILE", help="PEM, for TLS")
    parser.add_argument("--key", type=Path, metavar="FILE", help="PEM, for TLS")
    parser.add_argument(
        "--behind-proxy", action="store_true", help="a proxy on this machine takes care of TLS"
    )
    parser.add_argument(
        "--name", action="append", default=[], help="name by which browsers call the machine"
    )
    _add_hospital(parser)
    parser.set_defaults(act=_serve)
    actions = parser.add_subparsers(metavar="ACTION")
    verify = actions.add_parser("verify", help="prove that the record is whole")
    verify.add_argument("--head", default="", metavar="HASH", help="a hash that was last once")
    verify.set_defaults(act=_verify)
    export = actions.add_parser("export", help="write what was decided to files")
    export.add_argument("--format", choices=_FORMATS, required=True)
    export.add_argument("--out", type=Path, required=True, metavar="PATH")
    export.add_argument(
        "--images", type=Path, metavar="DIR", help="for dicom: the DICOM that the run was made from"
    )
    export.set_defaults(act=_export)
    user = actions.add_parser("user", help="add, change or list accounts")
    user.add_argument("what", choices=("add", "role", "password", "disable", "enable", "list"))
    user.add_argument("name", nargs="?", default="")
    user.add_argument("--role", choices=_ROLES, default="reviewer")
    user.add_argument("--sso", action="store_true", help="no password: the hospital's login only")
    user.set_defaults(act=_user)
    for action in (verify, export, user):
        _add_store(action)


def execute(args: argparse.Namespace) -> int:
    """Open the desk, or do what the action says.

    Raises
    ------
    PresightError
        It cannot be done.
    """
    if args.results is None:
        raise InputError("no results were given", action="Name the folder with --results OUT")
    try:
        from presight.review.store import open_store  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "the desk needs packages that are not installed",
            where=error.name,
            action="Install them with: pip install 'presight[review]'",
        ) from error
    if not args.results.is_dir():
        raise InputError(
            "there is no such folder", where=args.results, action="Give the --out of a run"
        )
    results = args.results.resolve()
    store = open_store(args.store or f"sqlite:///{results / 'review' / 'review.sqlite'}")
    try:
        act: Callable[[Store, Path, Any], int] = args.act
        return act(store, results, args)
    finally:
        store.close()


def _add_store(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    parser.add_argument(
        "--results", type=Path, required=required, metavar="OUT", help="folder of a run's results"
    )
    parser.add_argument(
        "--store",
        metavar="URL",
        help="sqlite:///FILE or postgresql+pg8000://... (default: OUT/review/review.sqlite)",
    )


def _add_hospital(parser: argparse.ArgumentParser) -> None:
    login = parser.add_argument_group(
        "hospital's own login (OpenID Connect)", f"the client secret is read from ${SECRET}"
    )
    login.add_argument("--oidc-issuer", metavar="URL", help="address of the provider")
    login.add_argument("--oidc-client", metavar="ID", help="by which it knows this desk")
    login.add_argument(
        "--oidc-claim",
        default="preferred_username",
        metavar="NAME",
        help="what of a person is the name of the account (default: preferred_username)",
    )


def _hospital(args: argparse.Namespace) -> HospitalLogin | None:
    from presight.review.api import HospitalLogin  # noqa: PLC0415

    if args.oidc_issuer is None:
        return None
    secret = os.environ.get(SECRET, "")
    if not args.oidc_client or not secret:
        raise ConfigError(
            "the hospital's login was asked for, and the desk has no name or no secret there",
            expected=f"--oidc-client and the environment variable {SECRET}",
        )
    return HospitalLogin(args.oidc_issuer, args.oidc_client, secret, args.oidc_claim)


def _serve(store: Store, results: Path, args: argparse.Namespace) -> int:
    from presight.review.accounts import accounts  # noqa: PLC0415
    from presight.review.server import Address, serve  # noqa: PLC0415

    with store.read() as db:
        if not accounts(db):
            raise ConfigError(
                "nobody can log in yet",
                action="Add yourself: presight review user add NAME --role admin --results OUT",
            )
    address = Address(
        host=args.host,
        port=args.port,
        certificate=args.certificate,
        key=args.key,
        behind_proxy=args.behind_proxy,
        names=tuple(args.name),
    )
    scheme = "https" if args.certificate else "http"
    say(f"The desk is open at {scheme}://{args.host}:{args.port}/ until you press Ctrl-C.")
    serve(store, results, address, _hospital(args))
    return 0


def _verify(store: Store, _results: Path, args: argparse.Namespace) -> int:
    from presight.review.record import verify  # noqa: PLC0415

    with store.read() as db:
        verdict = verify(db, args.head)
    for fault in verdict.faults:
        print(f"NOT WHOLE: {fault}")
    state = "NOT WHOLE" if verdict.faults else "whole"
    print(f"{state}: {verdict.entries} entries, head {verdict.head}")
    return NOT_WHOLE if verdict.faults else 0


def _export(store: Store, results: Path, args: argparse.Namespace) -> int:
    from presight.review import export  # noqa: PLC0415
    from presight.review.worklist import refresh  # noqa: PLC0415

    refresh(store, results)
    out = args.out.absolute()
    with store.read() as db:
        written = {
            "json": lambda: export.export_json(db, out),
            "csv": lambda: export.export_csv(db, out),
            "bids": lambda: export.export_bids(db, results, out),
            "manifest": lambda: export.export_manifest(db, results, out),
            "dicom": lambda: _export_dicom(db, results, args.images, out),
        }[args.format]()
    print(f"{written} written to {out}")
    return 0


def _export_dicom(db: Connection, results: Path, images: Path | None, out: Path) -> int:
    from presight.review.export_dicom import export_dicom  # noqa: PLC0415

    if images is None:
        raise InputError(
            "the images that the objects refer to were not named",
            action="Give the DICOM of the run with --images",
        )
    return export_dicom(db, results, images, out)


def _user(store: Store, _results: Path, args: argparse.Namespace) -> int:
    from presight.review.accounts import Role, accounts, add_account, change_account  # noqa: PLC0415

    if args.what == "list":
        with store.read() as db:
            for one in accounts(db):
                print(f"{one['name']}\t{one['role']}\t{'on' if one['enabled'] else 'off'}")
        return 0
    actor, role = f"command line ({getpass.getuser()})", Role[args.role.upper()]
    with_password = args.what == "password" or (args.what == "add" and not args.sso)
    password = _ask_password() if with_password else None
    with store.write() as db:
        if args.what == "add":
            add_account(db, actor, args.name, role, password)
        else:
            changes: dict[str, dict[str, Any]] = {
                "role": {"role": role},
                "password": {"password": password},
                "disable": {"enabled": False},
                "enable": {"enabled": True},
            }
            change_account(db, actor, args.name, **changes[args.what])
    return 0


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("password: ")
    if first != getpass.getpass("again: "):
        raise InputError("the two passwords differ", action="Try again")
    return first
