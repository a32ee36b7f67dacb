"""A desk with one invented patient, written by the pipeline, and as many copies as asked."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import oidc_provider_mock
import pytest
from fastapi.testclient import TestClient

from presight.measure import Findings
from presight.measure.burden import region_volumes
from presight.preprocess import Prepared, to_native
from presight.preprocess.atlas import load_atlas
from presight.preprocess.conform import conform
from presight.report.derivatives import write_study
from presight.report.result import ModelInfo, StudyResult, make_provenance
from presight.review.accounts import Role, add_account
from presight.review.api import Desk, make_app
from presight.review.store import Store, open_store
from presight.review.worklist import refresh
from presight.score import assess
from presight.segment.lesions import Lesions
from presight.study.clinical import ClinicalRecord, Drug
from presight.study.contrast import Contrast
from presight.study.resample import resample
from presight.study.study import Study
from presight.study.volume import Grid, Volume

PASSWORDS = {"anna": "a long password 1", "ben": "a long password 2", "rea": "a long password 3"}
ROLES = {"anna": Role.ADMIN, "ben": Role.REVIEWER, "rea": Role.READER}


@pytest.fixture(scope="session")
def whole() -> StudyResult:
    """What the pipeline knows of the patient."""
    return _result()


@pytest.fixture(scope="session")
def patient(whole: StudyResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results folder with one study: bright in both occipital lobes, x stored to the left."""
    out = tmp_path_factory.mktemp("patient")
    write_study(whole, out)
    return out


@pytest.fixture
def results(patient: Path, tmp_path: Path) -> Path:
    """A results folder of one's own."""
    return Path(shutil.copytree(patient, tmp_path / "results"))


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, results: Path) -> Iterator[Store]:
    """An empty store on either database, that knows the results."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql")()
    else:
        url = f"sqlite:///{results / 'review' / 'review.sqlite'}"
    opened = open_store(url)
    refresh(opened, results)
    yield opened
    opened.close()


@pytest.fixture
def desk(results: Path) -> Iterator[Desk]:
    """A desk with an admin, a reviewer and a reader."""
    opened = open_store(f"sqlite:///{results / 'review' / 'review.sqlite'}")
    refresh(opened, results)
    with opened.write() as db:
        for name, role in ROLES.items():
            add_account(db, "tests", name, role, PASSWORDS[name])
    yield Desk(opened, results, hosts=("testserver", "127.0.0.1", "localhost"))
    opened.close()


@pytest.fixture
def come_in(desk: Desk) -> Callable[..., TestClient]:
    """Log somebody in: ``come_in("anna")`` gives their browser."""

    def log_in(name: str) -> TestClient:
        client = TestClient(make_app(desk), raise_server_exceptions=False)
        answer = client.post("/api/login", json={"name": name, "password": PASSWORDS[name]})
        assert answer.status_code == 200, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client

    return log_in


@pytest.fixture
def add_copies(results: Path) -> Callable[[int], None]:
    """Put further studies beside the patient's, whose text is a copy and whose images are links."""

    def add(number: int) -> None:
        anat = results / "sub-desk01" / "anat"
        for i in range(number):
            name = f"sub-copy{i:03d}"
            folder = results / name / "anat"
            folder.mkdir(parents=True)
            for path in anat.iterdir():
                os.link(path, folder / path.name.replace("sub-desk01", name))

    return add


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Callable[[], str]]:
    """A PostgreSQL of Debian's packages; each call gives the address of an empty database."""
    if not (shutil.which("initdb") and shutil.which("postgres")):
        pytest.skip("needs PostgreSQL's initdb and postgres on PATH")
    folder, port = Path(tempfile.mkdtemp(prefix="pg")), _free_port()
    folder.chmod(0o755)
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        shutil.chown(folder, user)
    before = ["runuser", "-u", user, "--"] if os.geteuid() == 0 else []
    data = folder / "data"
    _run([*before, "initdb", "-D", data, "-U", user, "-A", "trust", "--no-sync"])
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off"
    _run([*before, "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"])
    made = 0

    def empty() -> str:
        nonlocal made
        made += 1
        _run([*before, "createdb", "-h", "127.0.0.1", "-p", str(port), f"desk{made}"])
        return f"postgresql+pg8000://{user}@127.0.0.1:{port}/desk{made}"

    yield empty
    _run([*before, "pg_ctl", "-D", data, "-m", "immediate", "stop"])
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def issuer() -> Iterator[str]:
    """A login as a hospital has one: an OpenID provider on a port of this machine."""
    with oidc_provider_mock.run_server_in_thread(require_nonce=True) as server:
        yield f"http://localhost:{server.server_port}"


def _run(words: list[Any]) -> None:
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL, cwd="/")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _result() -> StudyResult:
    """Anatomy of the atlas, a drawn lesion, and findings that need no measuring of the head."""
    atlas = load_atlas()
    native = Grid((66, 78, 40), np.diag([-3.0, -3.0, 4.5, 1.0]))  # as DICOM is read
    native.affine[:3, 3] = (98, 97, -72)
    bright = _ball(atlas.grid, (-28, -82, 14), 13) | _ball(atlas.grid, (26, -84, 18), 11)
    bright &= atlas.white + atlas.grey > 0.5
    head = 0.15 * atlas.brain + 0.85 * atlas.grey + 0.75 * atlas.white + 0.5 * bright
    flair = Volume(_on(native, head.astype(np.float32)), native, Contrast.FLAIR)
    mask = _on(native, bright.astype(np.uint8)) > 0
    study = Study("desk01", {Contrast.FLAIR: flair}, _clinical())
    conformed = conform(flair, 1.0)
    prepared = Prepared(
        flair=conformed,
        brain=_on(conformed.grid, atlas.brain.astype(np.uint8)) > 0,
        anatomy=_on(conformed.grid, atlas.labels),
        others={},
        native=native,
        steps=(),
        quality=(),
    )
    uncertainty = np.full(native.shape, 0.2, np.float32)
    lesions = Lesions(mask.astype(np.float32) * 0.9, mask, uncertainty, native, "invented")
    findings = _findings(prepared, mask)
    provenance = make_provenance(
        study, ModelInfo("invented", "1", "ab" * 32), settings={}, device="cpu", seconds={}
    )
    return StudyResult(
        study, prepared, lesions, findings, assess(findings, study.clinical), provenance
    )


def _on(grid: Grid, values: np.ndarray) -> np.ndarray:
    """Values of the atlas on another grid; labels stay labels."""
    return resample(values, load_atlas().grid, grid, nearest=values.dtype == np.uint8)


def _findings(prepared: Prepared, mask: np.ndarray) -> Findings:
    voxel_ml = prepared.native.voxel_ml
    regions = region_volumes(mask, to_native(prepared.anatomy, prepared), voxel_ml)
    return Findings(
        brain_ml=1400,
        lesion_ml=float(mask.sum() * voxel_ml),
        lesion_count=2,
        regions=regions,
        parieto_occipital_share=0.9,
        bilateral=True,
        sequences=("flair",),
    )


def _clinical() -> ClinicalRecord:
    return ClinicalRecord(
        age_years=54,
        sex="F",
        organ="kidney",
        drugs=(Drug(name="tacrolimus", level_ng_ml=18.2, days_since_start=36),),
        systolic_mmhg=182,
        diastolic_mmhg=104,
        seizure=True,
    )


def _ball(grid: Grid, middle: tuple[float, float, float], radius_mm: float) -> np.ndarray:
    places = np.indices(grid.shape).reshape(3, -1)
    world = grid.affine[:3, :3] @ places + grid.affine[:3, 3:]
    near = np.linalg.norm(world - np.array(middle)[:, None], axis=0) < radius_mm
    return near.reshape(grid.shape)
