"""Whether an address is this machine alone, so that nothing travels over a network."""

from __future__ import annotations

import ipaddress


def is_this_machine(host: str) -> bool:
    """Whether a host name or address is a loopback one.

    >>> is_this_machine("127.0.0.1"), is_this_machine("::1"), is_this_machine("desk.example")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
