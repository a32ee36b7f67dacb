"""A PACS that speaks DICOMweb: QIDO-RS to look, WADO-RS to fetch, STOW-RS to store."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pydicom
import requests
from dicomweb_client.api import DICOMwebClient
from pydicom import Dataset

from presight.config import load_config
from presight.dicom.pacs.archive import ArchiveError, Seen
from presight.dicom.pacs.tls import CA, CERTIFICATE, KEY
from presight.errors import ConfigError

USER, PASSWORD, TOKEN = "PRESIGHT_PACS_USER", "PRESIGHT_PACS_PASSWORD", "PRESIGHT_PACS_TOKEN"


class DicomWeb:
    """Client of one DICOMweb server.

    Credentials come from the environment: ``PRESIGHT_PACS_USER`` and ``PRESIGHT_PACS_PASSWORD``, or
    ``PRESIGHT_PACS_TOKEN`` (bearer); ``PRESIGHT_PACS_CA`` names a file of certificates to trust,
    ``PRESIGHT_PACS_CERT`` and ``PRESIGHT_PACS_KEY`` the client's own.

    Raises
    ------
    ConfigError
        The URL is no URL, or credentials would go unencrypted over a network.
    """

    def __init__(self, url: str) -> None:
        session = _session()
        _check_url(url, with_credentials=bool(session.auth or session.headers.get("Authorization")))
        limits = load_config("pacs.yaml")["timeout"]
        self._client = DICOMwebClient(
            url=url, session=session, timeout=(limits["connect"], limits["read"])
        )
        self._client.set_http_retry_params(retry=False)  # the watcher backs off by itself

    def studies(self) -> Sequence[Seen]:
        """See `Archive.studies`."""
        settings = load_config("pacs.yaml")
        wanted = re.compile(settings["description"], re.IGNORECASE)
        with _said_in_a_sentence():
            found = [Dataset.from_json(study) for study in self._pages(settings)]
            return [
                Seen(str(study.StudyInstanceUID), self._signature(study.StudyInstanceUID))
                for study in found
                if wanted.search(str(study.get("StudyDescription", "")))
            ]

    def fetch(self, uid: str, folder: Path) -> None:
        """See `Archive.fetch`."""
        with _said_in_a_sentence():
            for series in self._series(uid):
                images = self._client.iter_series(
                    uid,
                    str(series.SeriesInstanceUID),
                    media_types=(("application/dicom", "*"),),  # as they are stored
                )
                for number, image in enumerate(images):
                    image.save_as(
                        folder / f"{series.SeriesInstanceUID}.{number}.dcm",
                        enforce_file_format=True,
                    )

    def missing(self, study_uid: str, sop_uids: Collection[str]) -> set[str]:
        """See `Archive.missing`."""
        with _said_in_a_sentence():
            return {
                uid
                for uid in sop_uids
                if not self._client.search_for_instances(
                    study_uid, search_filters={"SOPInstanceUID": uid}
                )
            }

    def store(self, files: Sequence[Path]) -> None:
        """See `Archive.store`."""
        with _said_in_a_sentence():
            answer = self._client.store_instances([pydicom.dcmread(file) for file in files])
        if failed := answer.get("FailedSOPSequence"):
            reason = failed[0].get("FailureReason")
            raise ArchiveError(f"the server refused {len(failed)} objects (reason {reason})")

    def _pages(self, settings: dict[str, Any]) -> Iterator[dict[str, Any]]:
        since = date.today() - timedelta(days=settings["look_back_days"])
        filters = {"ModalitiesInStudy": settings["modality"], "StudyDate": f"{since:%Y%m%d}-"}
        offset, size = 0, settings["page_size"]
        while page := self._client.search_for_studies(
            limit=size, offset=offset, search_filters=filters, fields=["StudyDescription"]
        ):
            yield from page
            if len(page) < size:
                return
            offset += size

    def _series(self, uid: str) -> list[Dataset]:
        modality = load_config("pacs.yaml")["modality"]
        found = self._client.search_for_series(
            uid, search_filters={"Modality": modality}, fields=["NumberOfSeriesRelatedInstances"]
        )
        series = [Dataset.from_json(one) for one in found]
        return [one for one in series if one.get("Modality", modality) == modality]

    def _signature(self, uid: str) -> str:
        parts = [
            f"{series.SeriesInstanceUID}:{series.get('NumberOfSeriesRelatedInstances', '?')}"
            for series in self._series(uid)
        ]
        return " ".join(sorted(parts))


class _Session(requests.Session):
    """Session whose own certificates stand over those that REQUESTS_CA_BUNDLE names."""

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        own = self.verify if verify is None else verify
        return super().merge_environment_settings(url, proxies, stream, own, cert)


def _session() -> requests.Session:
    session = _Session()
    if token := os.environ.get(TOKEN):
        session.headers["Authorization"] = f"Bearer {token}"
    elif user := os.environ.get(USER):
        session.auth = (user, os.environ.get(PASSWORD, ""))
    if ca := os.environ.get(CA):
        session.verify = ca
    if certificate := os.environ.get(CERTIFICATE):
        key = os.environ.get(KEY)
        session.cert = (certificate, key) if key else certificate
    return session


def _check_url(url: str, *, with_credentials: bool) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"{url!r} is no address of a DICOMweb server", expected="https://...")
    if parts.username or parts.password:
        raise ConfigError(
            "the address holds a password, which logs and process lists would show",
            action=f"Give it in {USER} and {PASSWORD}",
        )
    if parts.scheme == "http" and with_credentials and not _is_this_machine(parts.hostname):
        raise ConfigError(
            "credentials would go unencrypted over the network", expected="an https:// address"
        )


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def _said_in_a_sentence() -> Iterator[None]:
    try:
        yield
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else "no status"
        raise ArchiveError(f"the server refuses with {status}") from error
    except (requests.RequestException, OSError) as error:
        raise ArchiveError(f"the server does not answer ({type(error).__name__})") from error
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ArchiveError(f"the server's answer is no DICOM ({type(error).__name__})") from error
