"""The network compiled by OpenVINO finds what torch finds, and nothing leaves the machine."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch

from presight.config import load_config, model_path
from presight.errors import ConfigError
from presight.preprocess.conform import conform
from presight.preprocess.normalise import commonest_intensity
from presight.segment import load_bundle
from presight.segment.device import device_name, select_device
from presight.segment.predict import predict
from presight.study import Contrast
from presight.study.nifti import read_nifti

CPU = torch.device("cpu")
pytest.importorskip("openvino", reason="the extra openvino is not installed")


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield load_bundle(model_path("flair_hyperintensity"), "openvino")


@pytest.mark.parametrize("name", ["open_ms/patient26", "mslesseg/P14_T1"])
def test_openvino_finds_what_torch_finds(shared, bundle, compiled, name):
    flair = conform(read_nifti(shared / name / "flair.nii.gz", Contrast.FLAIR), 1.0)
    brain = flair.data > 0
    scale = commonest_intensity(flair.data, brain, load_config("preprocess.yaml")["normalise"])
    exact, quick = (predict(flair.data / scale, brain, one, CPU)[0] for one in (bundle, compiled))
    assert np.abs(exact - quick).mean() < 1e-3
    wanted, found = exact > 0.5, quick > 0.5
    assert wanted.sum() > 200
    assert 2 * (wanted & found).sum() / (wanted.sum() + found.sum()) > 0.97


IN_A_NEW_PROCESS = """
import sys
from presight.config import model_path
from presight.segment import load_bundle
bundle = load_bundle(model_path("flair_hyperintensity"), "openvino")
import torch
with torch.inference_mode():
    print(float(bundle.network(torch.ones(1, 1, 64, 96, 64)).mean()))
print("monai" in sys.modules, sys.modules.get("openvino_telemetry"))
"""


def test_what_was_compiled_is_kept_and_nothing_is_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first, second = (
        subprocess.run([sys.executable, "-c", IN_A_NEW_PROCESS], check=True, capture_output=True)
        for _ in range(2)
    )
    assert len(list(tmp_path.glob("presight/network-*.npz"))) == 1
    answers = [one.stdout.decode().splitlines()[0] for one in (first, second)]
    assert answers[0] == answers[1]
    assert first.stdout.decode().splitlines()[1] == "True None"
    assert second.stdout.decode().splitlines()[1] == "False None"  # not even MONAI was needed


def test_a_bundle_without_its_network_is_refused_in_a_sentence(tmp_path):
    folder = shutil.copytree(model_path("flair_hyperintensity"), tmp_path / "bundle")
    (folder / "configs" / "inference.json").unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        load_bundle(folder, "openvino")


def test_the_device_is_named_as_it_was_asked_for():
    assert device_name("openvino") == "openvino"
    assert select_device("openvino") == CPU
    with pytest.raises(ConfigError, match="auto, cpu, cuda or openvino"):
        select_device("tpu")
