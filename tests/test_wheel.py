"""What is installed away from the repository holds everything that a run needs."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", str(folder), str(REPO)], check=True)
    return next(folder.glob("*.whl"))


def test_every_module_config_and_bundle_is_inside(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    source = REPO / "pipeline"
    modules = {str(p.relative_to(source)) for p in source.rglob("*.py")}
    configs = {f"presight/{p.relative_to(REPO)}" for p in (REPO / "configs").rglob("*.yaml")}
    bundle = REPO / "models" / "flair_hyperintensity"
    weights = {f"presight/{p.relative_to(REPO)}" for p in bundle.rglob("*") if p.is_file()}
    templates = {str(p.relative_to(source)) for p in source.rglob("templates/*") if p.is_file()}
    assert modules | configs | weights | templates <= names


def test_the_demo_runs_from_the_wheel_away_from_the_repository(wheel, tmp_path):
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import presight, sys; assert 'site' in presight.__file__; "
            "from presight.cli import main; sys.exit(main(['demo', '--out', 'out']))",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "out").glob("sub-*/anat/*_report.html"))
