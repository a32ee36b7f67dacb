"""Shared fixtures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from presight.config import model_path
from presight.segment import Bundle, load_bundle
from presight.train.synthesis.patient import SyntheticPatient, synthetic_patient, write_patient

# Seconds by the clock say nothing where other tests use the same cores.
settings.register_profile("presight", deadline=None)
settings.load_profile("presight")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real public images; it lies beside the checkout and is never copied in."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the public images in ../shared/data")
    return folder


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    """The model that ships."""
    return load_bundle(model_path("flair_hyperintensity"))


@pytest.fixture(scope="session")
def patient() -> SyntheticPatient:
    """A synthetic patient with PRES on thick slices."""
    return synthetic_patient(1)


@pytest.fixture(scope="session")
def patient_file(patient: SyntheticPatient, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The FLAIR of the synthetic patient as a file."""
    return write_patient(patient, tmp_path_factory.mktemp("patient"))


@pytest.fixture(scope="session")
def barriers() -> Callable[[Any], list[str]]:
    """What axe-core finds on a page that keeps people out of it: serious or critical."""
    web = Path(__file__).resolve().parents[1] / "pipeline" / "presight" / "review" / "web"
    script = web / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        pytest.skip("needs axe-core, which `make web` installs where there is Node")

    def look(page: Any) -> list[str]:
        page.evaluate(script.read_text(encoding="utf-8"))
        return [
            f"{violation['id']}: {node['html']}"
            for violation in page.evaluate("() => axe.run()")["violations"]
            for node in violation["nodes"]
            if violation["impact"] in ("serious", "critical")
        ]

    return look
