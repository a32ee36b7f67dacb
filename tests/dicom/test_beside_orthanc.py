"""The one command of the manual starts an Orthanc and the watcher, and ends both."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from orthanc_server import Orthanc, free_port

SCRIPT = Path(__file__).parents[2] / "scripts" / "beside_orthanc.sh"


def test_an_orthanc_and_the_watcher_beside_it(tmp_path):
    Orthanc(tmp_path / "unused")  # skips where there is none
    port = free_port()
    ports = {"ORTHANC_HTTP_PORT": str(port), "ORTHANC_DICOM_PORT": str(free_port())}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [SCRIPT, tmp_path / "out", "--once"],
        env={**os.environ, **ports, "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "0 done" in (tmp_path / "out" / ".pacs" / "status.html").read_text()
    assert "Orthanc has stopped" in (tmp_path / "out" / "orthanc" / "log").read_text()
