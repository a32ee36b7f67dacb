"""A real Orthanc with its DICOMweb plug-in, started and stopped by the tests."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
import requests

PLUGINS = Path("/usr/share/orthanc/plugins")
USER, PASSWORD = "presight", "not-a-secret"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Orthanc:
    """One server with a storage of its own, which outlives a restart."""

    def __init__(self, folder: Path) -> None:
        self.program = shutil.which("Orthanc")
        if not self.program or not (PLUGINS / "libOrthancDicomWeb.so").exists():
            pytest.skip("needs Orthanc with DICOMweb (Debian: orthanc, orthanc-dicomweb)")
        self.folder, self.http, self.dicom = folder, free_port(), free_port()
        self.process: subprocess.Popen | None = None
        settings = {
            "Name": "tests",
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "storage"),
            "Plugins": [str(PLUGINS / "libOrthancDicomWeb.so")],
            "HttpPort": self.http,
            "DicomPort": self.dicom,
            "DicomAet": "ORTHANC",
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": True,
            "RegisteredUsers": {USER: PASSWORD},
            "DicomAlwaysAllowStore": True,
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "orthanc.json").write_text(json.dumps(settings))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http}/dicom-web"

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, str(self.folder / "orthanc.json")], stdout=log, stderr=log
            )
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            try:
                requests.get(f"http://127.0.0.1:{self.http}/system", auth=self.auth, timeout=5)
            except requests.ConnectionError:
                time.sleep(0.1)
            else:
                return
        pytest.fail("Orthanc did not start")

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    @property
    def auth(self) -> tuple[str, str]:
        return USER, PASSWORD

    def clear(self) -> None:
        """Forget every study."""
        studies = f"http://127.0.0.1:{self.http}/studies"
        for one in requests.get(studies, auth=self.auth, timeout=60).json():
            requests.delete(f"{studies}/{one}", auth=self.auth, timeout=60)

    def objects(self) -> list[str]:
        """SOP instance UIDs that it holds."""
        answer = requests.get(
            f"http://127.0.0.1:{self.http}/instances?expand", auth=self.auth, timeout=60
        )
        return [one["MainDicomTags"]["SOPInstanceUID"] for one in answer.json()]
