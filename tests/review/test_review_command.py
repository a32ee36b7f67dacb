"""The command: accounts, the port, and what it refuses."""

from __future__ import annotations

import io
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from presight.cli import main
from presight.errors import ConfigError
from presight.review.api import Desk
from presight.review.server import Address, serve
from presight.review.store import open_store

PASSWORDS = {"ben": "a long password 2"}


def test_somebody_is_added_listed_and_switched_off(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--results", str(results)]
    monkeypatch.setattr("sys.stdin", io.StringIO("a long password\n"))
    assert main(["review", "user", "add", "anna", "--role", "admin", *where]) == 0
    assert main(["review", "user", "add", "ben", "--sso", *where]) == 0
    assert main(["review", "user", "disable", "ben", *where]) == 0
    assert main(["review", "user", "disable", "anna", *where]) == 2  # the last admin
    capsys.readouterr()
    assert main(["review", "user", "list", *where]) == 0
    assert capsys.readouterr().out == "anna\tadmin\ton\nben\treviewer\toff\n"
    assert main(["review", "verify", *where]) == 0
    assert capsys.readouterr().out.startswith("whole: 3 entries, head ")
    assert main(["review", "verify", "--head", "f" * 64, *where]) == 1


def test_without_accounts_or_results_it_says_what_to_do(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", "--results", str(results)]) == 2
    assert "presight review user add" in capsys.readouterr().err
    assert main(["review", "--results", str(tmp_path / "none")]) == 2
    assert "there is no such folder" in capsys.readouterr().err


def test_with_a_certificate_everything_travels_encrypted(desk: Desk, tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path)
    port = _free_port()
    words = ["review", "--results", str(desk.results), "--port", str(port)]
    tls = ["--certificate", str(certificate), "--key", str(key)]
    with _running([*words, *tls], tmp_path / "log") as log:
        client = httpx.Client(verify=ssl.create_default_context(cafile=str(certificate)))
        body = {"name": "ben", "password": PASSWORDS["ben"]}
        address = f"https://localhost:{port}/api/login"
        answer = _patiently(lambda: client.post(address, json=body), log)
        assert answer.status_code == 200
        assert "Secure" in answer.headers["set-cookie"]
        assert client.get(f"https://localhost:{port}/api/me").json()["name"] == "ben"
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://localhost:{port}/api/me")
        with pytest.raises(httpx.ConnectError):  # who does not know the certificate
            httpx.get(f"https://localhost:{port}/api/me")
    assert "ben" not in log.read_text()


def test_a_certificate_without_its_key_is_refused(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate, key = _certificate(tmp_path)
    words = ["review", "--results", str(desk.results), "--port", str(_free_port())]
    assert main([*words, "--certificate", str(certificate)]) == 2
    assert "--key" in capsys.readouterr().err
    key.write_text("no key")
    assert main([*words, "--certificate", str(certificate), "--key", str(key)]) == 2
    assert "certificate" in capsys.readouterr().err


@contextmanager
def _running(words: list[str], log: Path) -> Iterator[Path]:
    """The command in a process of its own, as a hospital runs it."""
    with log.open("w") as out:
        desk = subprocess.Popen([sys.executable, "-m", "presight", *words], stdout=out, stderr=out)
    try:
        yield log
    finally:
        desk.terminate()
        desk.wait()


def _patiently(act: Callable[[], httpx.Response], log: Path) -> httpx.Response:
    for _ in range(600):
        try:
            return act()
        except httpx.ConnectError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    begin = datetime.now(UTC) - timedelta(days=1)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "desk.example"])  # noqa: S104
def test_other_machines_need_encryption(host: str, tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    with pytest.raises(ConfigError, match="unencrypted"):
        serve(store, tmp_path, Address(host=host))
    store.close()
