"""A C-STORE listener: scanners and PACS send studies here, results go out by C-STORE."""

from __future__ import annotations

import hashlib
import re
import ssl
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
from pydicom.uid import UID
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import Verification

from presight.config import load_config
from presight.dicom.pacs.archive import ArchiveError, Seen
from presight.errors import ConfigError, OutputError
from presight.report.atomic import write_atomically

_SUCCESS, _OUT_OF_RESOURCES, _NOT_UNDERSTOOD = 0x0000, 0xA700, 0xC210
_UID = re.compile(r"[0-9.]{1,64}")
_SYNTAXES = [
    "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51",
]  # fmt: skip


@dataclass(frozen=True)
class Peer:
    """Where results go: application entity, host and port."""

    title: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Peer:
        """Read ``TITLE@HOST:PORT``.

        Raises
        ------
        ConfigError
            The text is something else.
        """
        match = re.fullmatch(r"([^@]{1,16})@([^:]+):(\d{1,5})", text)
        if not match:
            raise ConfigError(f"{text!r} is no DICOM peer", expected="TITLE@HOST:PORT")
        return cls(match[1], match[2], int(match[3]))


@dataclass(frozen=True)
class Received:
    """Studies that were sent here, in a folder each, and the peer that results go to.

    Attributes
    ----------
    folder : Path
        Holds one folder a study, called by its UID.
    peer : Peer or None
        ``None``: results stay where the run left them.
    title : str
        Our own application entity.
    tls : SSLContext or None
        Encrypts what is sent.
    """

    folder: Path
    peer: Peer | None = None
    title: str = "PRESIGHT"
    tls: ssl.SSLContext | None = None

    def studies(self) -> Sequence[Seen]:
        """See `Archive.studies`."""
        if not self.folder.is_dir():
            return []
        return [
            Seen(study.name, _signature(study)) for study in sorted(self.folder.iterdir())
            if study.is_dir()
        ]  # fmt: skip

    def fetch(self, uid: str, folder: Path) -> None:
        """See `Archive.fetch`; a link costs no space."""
        try:
            for file in (self.folder / uid).glob("*.dcm"):
                (folder / file.name).hardlink_to(file)
        except OSError as error:
            raise ArchiveError(f"a received image cannot be read ({error.strerror})") from error

    def missing(self, study_uid: str, sop_uids: Collection[str]) -> set[str]:
        """See `Archive.missing`; what was sent on is remembered, since C-STORE cannot ask."""
        return {uid for uid in sop_uids if not self._sent(study_uid, uid).exists()}

    def store(self, files: Sequence[Path]) -> None:
        """See `Archive.store`."""
        datasets = [pydicom.dcmread(file) for file in files]
        if self.peer:
            send(datasets, self.peer, self.title, self.tls)
        for dataset in datasets:
            self._sent(dataset.StudyInstanceUID, dataset.SOPInstanceUID).touch()

    def _sent(self, study_uid: str, sop_uid: str) -> Path:
        return self.folder / study_uid / f"{sop_uid}.sent"


@contextmanager
def listening(
    folder: Path,
    port: int,
    title: str = "PRESIGHT",
    host: str = "",
    tls: ssl.SSLContext | None = None,
) -> Iterator[Any]:
    """Accept C-STORE and C-ECHO for as long as the context lasts, from whom ``callers`` names.

    Yields
    ------
    pynetdicom server

    Raises
    ------
    ConfigError
        The port is taken or may not be used.
    """
    entity = AE(ae_title=title)
    entity.require_calling_aet = load_config("pacs.yaml")["callers"]
    for context in AllStoragePresentationContexts:
        entity.add_supported_context(context.abstract_syntax, _SYNTAXES)
    entity.add_supported_context(Verification)
    handlers = [(evt.EVT_C_STORE, _keep, [folder])]
    try:
        server = entity.start_server(
            (host, port), block=False, evt_handlers=handlers, ssl_context=tls
        )
    except OSError as error:
        raise ConfigError(f"port {port} cannot be listened on ({error.strerror})") from error
    try:
        yield server
    finally:
        server.shutdown()


def send(
    datasets: Sequence[pydicom.Dataset],
    peer: Peer,
    title: str = "PRESIGHT",
    tls: ssl.SSLContext | None = None,
) -> None:
    """Send objects by C-STORE, as they are encoded.

    Raises
    ------
    ArchiveError
        The peer does not answer or refuses an object.
    """
    limits = load_config("pacs.yaml")["timeout"]
    entity = AE(ae_title=title)
    entity.connection_timeout = limits["connect"]
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = limits["read"]
    syntaxes: dict[str, set[str]] = defaultdict(set)
    for dataset in datasets:
        syntaxes[dataset.SOPClassUID].add(dataset.file_meta.TransferSyntaxUID)
    contexts = [build_context(kind, sorted(those)) for kind, those in syntaxes.items()]
    association = entity.associate(
        peer.host,
        peer.port,
        contexts=contexts,
        ae_title=peer.title,
        tls_args=(tls, peer.host) if tls else None,
    )
    if not association.is_established:
        raise ArchiveError(f"{peer.title} does not answer, or refuses to be sent results")
    try:
        for dataset in datasets:
            _send_one(association, dataset, peer)
    finally:
        association.release()


def _send_one(association: Any, dataset: pydicom.Dataset, peer: Peer) -> None:
    try:
        status = association.send_c_store(dataset)
    except (RuntimeError, ValueError) as error:
        kind = UID(dataset.SOPClassUID).name
        raise ArchiveError(f"{peer.title} does not take a {kind}") from error
    if "Status" not in status or status.Status != _SUCCESS:
        raise ArchiveError(f"{peer.title} refused an object ({status.get('Status', 'no answer')})")


def _keep(event: Any, folder: Path) -> int:
    """Write an object as it came; an object without usable UIDs is refused."""
    study, sop = (
        str(event.dataset.get(name, "")) for name in ("StudyInstanceUID", "SOPInstanceUID")
    )
    if not (_UID.fullmatch(study) and _UID.fullmatch(sop)):
        return _NOT_UNDERSTOOD
    try:
        write_atomically(
            folder / study / f"{sop}.dcm", lambda file: file.write(event.encoded_dataset())
        )
    except OutputError:
        return _OUT_OF_RESOURCES
    return _SUCCESS


def _signature(study: Path) -> str:
    names = sorted(file.name for file in study.glob("*.dcm"))
    return f"{len(names)} {hashlib.sha256(' '.join(names).encode()).hexdigest()}"
