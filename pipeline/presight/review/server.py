"""Open the desk on a port."""

from __future__ import annotations

import ipaddress
import logging
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from presight.errors import ConfigError
from presight.review.api import Desk, make_app
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


def serve(store: Store, results: Path, address: Address) -> None:
    """Serve the desk until it is interrupted.

    Raises
    ------
    ConfigError
        The address is not this machine alone and nothing encrypts, or files are missing.
    """
    _check(address)
    refresh(store, results)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    known = ("localhost", "127.0.0.1", "[::1]", address.host, *address.names)
    app = make_app(Desk(store, results, address.secure, tuple(dict.fromkeys(known))))
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
    if not _is_this_machine(address.host) and not address.secure:
        raise ConfigError(
            "passwords and images would travel unencrypted",
            where=address.host,
            expected="a loopback address such as 127.0.0.1",
            action="Give --certificate and --key, or --behind-proxy if a proxy encrypts",
        )
    for path in (address.certificate, address.key):
        if path is not None and not path.is_file():
            raise ConfigError("there is no such file", where=path, action="Check the path")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
