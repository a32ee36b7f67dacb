"""Open the desk on a port."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from presight.errors import ConfigError
from presight.review.api import Desk, HospitalLogin, make_app
from presight.review.network import is_this_machine
from presight.review.store import Store
from presight.review.worklist import refresh


@dataclass(frozen=True)
class Address:
    """Where the desk is open, and how the browser comes to it.

    Attributes
    ----------
    host : str
    port : int
    certificate, key : Path or None
        For TLS.
    behind_proxy : bool
        Whether a proxy on this machine takes care of TLS.
    names : tuple of str
        Names by which browsers call the machine or its proxy.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False
    names: tuple[str, ...] = ()

    @property
    def secure(self) -> bool:
        """Whether everything travels encrypted."""
        return self.certificate is not None or self.behind_proxy


def serve(
    store: Store, results: Path, address: Address, hospital: HospitalLogin | None = None
) -> None:
    """Serve the desk until it is interrupted.

    Parameters
    ----------
    store : Store
    results : Path
    address : Address
    hospital : HospitalLogin, optional
        The hospital's own login, beside accounts with passwords.

    Raises
    ------
    ConfigError
        The address is not this machine alone and nothing encrypts, or files are missing.
    """
    _check(address)
    refresh(store, results)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    known = ("localhost", "127.0.0.1", "[::1]", address.host, *address.names)
    app = make_app(Desk(store, results, address.secure, tuple(dict.fromkeys(known)), hospital))
    uvicorn.run(
        app,
        host=address.host,
        port=address.port,
        ssl_certfile=address.certificate,
        ssl_keyfile=address.key,
        proxy_headers=address.behind_proxy,
        server_header=False,
        access_log=False,
        log_level="warning",
    )


def _check(address: Address) -> None:
    if not is_this_machine(address.host) and not address.secure:
        raise ConfigError(
            "passwords and images would travel unencrypted",
            where=address.host,
            expected="a loopback address such as 127.0.0.1",
            action="Give --certificate and --key, or --behind-proxy if a proxy encrypts",
        )
    if (address.certificate is None) != (address.key is None):
        raise ConfigError(
            "a certificate and its key belong together", action="Give --certificate and --key"
        )
    if address.certificate is not None:
        _check_certificate(address.certificate, address.key)


def _check_certificate(certificate: Path, key: Path | None) -> None:
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, "")
    except OSError as error:  # ssl's own errors are of this kind too
        raise ConfigError(
            f"the certificate or its key cannot be used ({error.strerror or error})",
            where=certificate,
            expected="two PEM files that belong together, the key without a passphrase",
        ) from error
