"""Nothing goes unencrypted or to the wrong machine where certificates are asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
import trustme
from dicom_writer import SeriesToWrite, write_classic
from orthanc_server import PASSWORD, USER, Orthanc, free_port
from tls_in_front import tls_in_front

from presight.config import overridden
from presight.dicom.pacs import tls
from presight.dicom.pacs.archive import ArchiveError
from presight.dicom.pacs.dicomweb import DicomWeb
from presight.dicom.pacs.listener import Peer, listening, send
from presight.errors import ConfigError


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificates(authority, tmp_path, monkeypatch) -> Path:
    """A certificate of this machine, named in the environment with who vouches for it."""
    own = authority.issue_cert("127.0.0.1")
    own.private_key_and_cert_chain_pem.write_to_path(tmp_path / "own.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv(tls.CERTIFICATE, str(tmp_path / "own.pem"))
    monkeypatch.setenv(tls.CA, str(tmp_path / "ca.pem"))
    return tmp_path / "own.pem"


@pytest.fixture
def stranger(tmp_path) -> Path:
    other = trustme.CA()
    other.cert_pem.write_to_path(tmp_path / "other.pem")
    return tmp_path / "other.pem"


@pytest.fixture
def orthanc(tmp_path):
    server = Orthanc(tmp_path / "orthanc")
    yield server
    server.stop()


@pytest.fixture
def images(tmp_path) -> list[Path]:
    data = np.ones((8, 8, 2), np.uint16)
    return write_classic(SeriesToWrite(data, np.eye(4)), tmp_path / "images")


def test_dicomweb_over_tls_trusts_whom_it_is_told_to(
    orthanc, certificates, stranger, images, monkeypatch
):
    monkeypatch.setenv("PRESIGHT_PACS_USER", USER)
    monkeypatch.setenv("PRESIGHT_PACS_PASSWORD", PASSWORD)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(stranger))  # as a company's image sets it
    orthanc.start()
    with (
        overridden({"pacs": {"look_back_days": 100000}}),
        tls_in_front(orthanc.http, certificates) as port,
    ):
        url = f"https://127.0.0.1:{port}/dicom-web"
        DicomWeb(url).store(images)
        assert len(DicomWeb(url).studies()) == 1
        monkeypatch.setenv(tls.CA, str(stranger))
        with pytest.raises(ArchiveError, match="SSLError"):
            DicomWeb(url).studies()


def test_c_store_over_tls_is_between_those_who_know_each_other(
    certificates, stranger, images, tmp_path, monkeypatch
):
    received, port = tmp_path / "received", free_port()
    peer, datasets = Peer("PRESIGHT", "127.0.0.1", port), [pydicom.dcmread(f) for f in images]
    with listening(received, port, host="127.0.0.1", tls=tls.receiving()):
        send(datasets, peer, tls=tls.sending())
        assert len(list(received.rglob("*.dcm"))) == len(images)
        refused = {"without TLS": None}
        monkeypatch.delenv(tls.CERTIFICATE)
        refused["without a certificate"] = tls.sending()
        monkeypatch.setenv(tls.CERTIFICATE, str(certificates))
        monkeypatch.setenv(tls.CA, str(stranger))
        refused["to whom nobody vouches for"] = tls.sending()
        with overridden({"pacs": {"timeout": {"connect": 5, "read": 5}}}):
            assert not [how for how, context in refused.items() if sent(datasets, peer, context)]


def sent(datasets, peer, context) -> bool:
    try:
        send(datasets, peer, tls=context)
    except ArchiveError:
        return False
    return True


def test_only_named_senders_are_let_in(images, tmp_path):
    received, port = tmp_path / "received", free_port()
    peer, datasets = Peer("PRESIGHT", "127.0.0.1", port), [pydicom.dcmread(f) for f in images]
    with (
        overridden({"pacs": {"callers": ["SCANNER"]}}),
        listening(received, port, host="127.0.0.1"),
    ):
        with pytest.raises(ArchiveError, match="refuses"):
            send(datasets, peer, "STRANGER")
        send(datasets, peer, "SCANNER")
    assert len(list(received.rglob("*.dcm"))) == len(images)


def test_a_listener_needs_a_certificate_that_can_be_used(monkeypatch, tmp_path):
    monkeypatch.delenv(tls.CERTIFICATE, raising=False)
    with pytest.raises(ConfigError, match="no certificate to listen with"):
        tls.receiving()
    (tmp_path / "broken.pem").write_text("not PEM")
    for broken in (tmp_path / "broken.pem", tmp_path / "missing.pem"):
        monkeypatch.setenv(tls.CERTIFICATE, str(broken))
        with pytest.raises(ConfigError, match="cannot be used"):
            tls.receiving()
