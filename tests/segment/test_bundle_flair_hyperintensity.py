"""The bundle that ships keeps to MONAI's specification and runs with MONAI's own command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from presight.config import model_path
from presight.report.nifti import write_nifti
from presight.segment import load_bundle
from presight.train.synthesis.patient import synthetic_patient

# MONAI bundle specification, "metadata.json File": mandatory keys, and those of every tensor.
MANDATORY = {
    "version",
    "monai_version",
    "pytorch_version",
    "numpy_version",
    "task",
    "description",
    "authors",
    "copyright",
    "network_data_format",
}
TENSOR = {
    "type",
    "format",
    "modality",
    "num_channels",
    "spatial_shape",
    "dtype",
    "value_range",
    "is_patch_data",
    "channel_def",
}


@pytest.fixture(scope="module")
def folder() -> Path:
    return model_path("flair_hyperintensity")


def test_metadata_have_every_mandatory_key(folder: Path) -> None:
    metadata = json.loads((folder / "configs" / "metadata.json").read_text())
    assert metadata.keys() >= MANDATORY
    assert metadata["required_packages_version"] or metadata["optional_packages_version"]
    formats = metadata["network_data_format"]
    for tensor in (*formats["inputs"].values(), *formats["outputs"].values()):
        assert tensor.keys() >= TENSOR
    assert metadata["version"] in metadata["changelog"]


def test_the_bundle_is_small_licensed_and_loads(folder: Path) -> None:
    weights = folder / "models" / "model.pt"
    assert weights.stat().st_size <= 20 * 2**20
    assert "CC BY-NC-SA 4.0" in (folder / "docs" / "data_license.txt").read_text()
    assert (folder / "docs" / "README.md").is_file()
    assert (folder / "LICENSE").is_file()
    assert load_bundle(folder).name == "flair_hyperintensity"


def test_monai_runs_the_bundle(folder: Path, tmp_path: Path) -> None:
    patient = synthetic_patient(1, "pres")
    flair, found = tmp_path / "flair.nii.gz", tmp_path / "found.nii.gz"
    write_nifti(flair, patient.flair.data, patient.flair.grid)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "monai.bundle", "run"),
            *("--config_file", str(folder / "configs" / "inference.json")),
            *("--bundle_root", str(folder)),
            *("--flair", str(flair)),
            *("--output", str(found)),
        ],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    probability = nib.load(found)
    assert probability.shape == patient.flair.grid.shape
    np.testing.assert_allclose(probability.affine, patient.flair.grid.affine, atol=1e-4)
