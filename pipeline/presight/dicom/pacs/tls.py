"""Encryption of the classic protocol, with certificates as for DICOMweb.

``PRESIGHT_PACS_CERT`` and ``PRESIGHT_PACS_KEY`` name our own certificate and its key,
``PRESIGHT_PACS_CA`` the certificates to trust (else those of the system). TLS 1.2 or later.
"""

from __future__ import annotations

import os
import ssl

from presight.errors import ConfigError

CA, CERTIFICATE, KEY = "PRESIGHT_PACS_CA", "PRESIGHT_PACS_CERT", "PRESIGHT_PACS_KEY"


def receiving() -> ssl.SSLContext:
    """Context of the listener: who sends must hold a certificate that is trusted.

    Raises
    ------
    ConfigError
        There is no certificate of our own, or a file cannot be used.
    """
    if not os.environ.get(CERTIFICATE):
        raise ConfigError(f"there is no certificate to listen with, named in {CERTIFICATE}")
    context = _context(ssl.Purpose.CLIENT_AUTH)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def sending() -> ssl.SSLContext:
    """Context of what is sent: the peer's certificate must be trusted and be that of its host.

    Raises
    ------
    ConfigError
        A file cannot be used.
    """
    return _context(ssl.Purpose.SERVER_AUTH)


def _context(purpose: ssl.Purpose) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(purpose, cafile=os.environ.get(CA))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate := os.environ.get(CERTIFICATE):
            context.load_cert_chain(certificate, os.environ.get(KEY))
    except OSError as error:  # SSLError is one
        raise ConfigError(
            f"a certificate or key cannot be used ({error.strerror or type(error).__name__})",
            expected=f"PEM files, named in {CERTIFICATE}, {KEY} and {CA}",
        ) from error
    return context
