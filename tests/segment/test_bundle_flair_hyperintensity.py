"""The bundle that ships keeps to MONAI's specification and runs with MONAI's own command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import nibabel as nib
import numpy as np
import pytest

from presight.config import model_path
from presight.report.nifti import write_nifti
from presight.segment import load_bundle
from presight.train.synthesis.patient import synthetic_patient

# What MONAI's bundle specification ("metadata.json File") and schema 20240725 ask for, in our own
# words: the schema file itself is not part of this repository, and no test downloads anything.
# `python -m monai.bundle verify_metadata` fetches and applies MONAI's own (docs/training.md).
TEXT, TABLE = {"type": "string", "minLength": 1}, {"type": "object"}
TENSOR = {
    "type": "object",
    "required": [
        *("type", "format", "modality", "num_channels", "spatial_shape"),
        *("dtype", "value_range", "is_patch_data", "channel_def"),
    ],
    "properties": {
        "type": {"enum": ["image", "series", "tuples", "probabilities"]},
        "format": TEXT,
        "modality": TEXT,
        "num_channels": {"type": "integer", "minimum": 1},
        "spatial_shape": {
            "type": "array",
            "items": {"type": ["string", "integer"]},
            "minItems": 3,
            "maxItems": 3,
        },
        "dtype": TEXT,
        "value_range": {"type": "array", "items": {"type": "number"}, "maxItems": 2},
        "is_patch_data": {"type": "boolean"},
        "channel_def": {"type": "object", "minProperties": 1},
    },
}
TENSORS = {"type": "object", "minProperties": 1, "additionalProperties": TENSOR}
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2019-09/schema",
    "type": "object",
    "required": [
        *("schema", "version", "monai_version", "pytorch_version", "numpy_version"),
        *("required_packages_version", "task", "description", "authors", "copyright"),
        "network_data_format",
    ],
    "properties": {
        **dict.fromkeys(["schema", "version", "task", "description", "authors", "copyright"], TEXT),
        **dict.fromkeys(["monai_version", "pytorch_version", "numpy_version"], TEXT),
        **dict.fromkeys(["data_source", "data_type", "intended_use"], TEXT),
        **dict.fromkeys(["image_classes", "label_classes", "pred_classes"], TEXT),
        **dict.fromkeys(["changelog", "eval_metrics", "supported_apps"], TABLE),
        **dict.fromkeys(["required_packages_version", "optional_packages_version"], TABLE),
        "references": {"type": "array", "items": TEXT},
        "network_data_format": {
            "type": "object",
            "required": ["inputs", "outputs"],
            "properties": {"inputs": TENSORS, "outputs": TENSORS},
        },
    },
}


@pytest.fixture(scope="module")
def folder() -> Path:
    return model_path("flair_hyperintensity")


@pytest.mark.parametrize("bundle", ["brain_anatomy", "flair_hyperintensity"])
def test_metadata_are_what_the_specification_asks_for(bundle: str) -> None:
    metadata = json.loads((model_path(bundle) / "configs" / "metadata.json").read_text())
    jsonschema.Draft201909Validator.check_schema(SCHEMA)
    faults = [
        f"{error.json_path}: {error.message}"
        for error in jsonschema.Draft201909Validator(SCHEMA).iter_errors(metadata)
    ]
    assert faults == []
    assert metadata["version"] in metadata["changelog"]


@pytest.mark.parametrize("missing", ["network_data_format", "numpy_version", "copyright"])
def test_metadata_without_a_mandatory_key_are_not(folder: Path, missing: str) -> None:
    metadata = json.loads((folder / "configs" / "metadata.json").read_text())
    del metadata[missing]
    assert not jsonschema.Draft201909Validator(SCHEMA).is_valid(metadata)


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
