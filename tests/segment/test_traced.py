"""What a network computes is kept; it computes the very same, or it is not kept."""

import json
import shutil
import subprocess
import sys

import pytest
import torch
from torch import nn

from presight.config import model_path
from presight.segment import load_bundle
from presight.segment.bundle import INFERENCE
from presight.segment.device import autocast
from presight.segment.traced import traced

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "presight"


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv3d(1, 1, 3, padding=1)

    def forward(self, image):
        return self.layer(image).relu()


class BySize(nn.Module):
    """Cannot be followed: what it does depends on the size of what it sees."""

    def forward(self, image):
        return image if image.shape[2] < 80 else -image


def test_the_shipped_network_is_the_same_with_and_without_monai(cache):
    image = torch.rand(1, 1, 96, 128, 64, generator=torch.Generator().manual_seed(1))
    first = load_bundle(model_path("flair_hyperintensity")).network
    assert len(list(cache.glob("traced-*.npz"))) == 1
    torch.save(image, cache / "image.pt")
    code = f"""
import sys, torch
from presight.config import model_path
from presight.segment import load_bundle
from presight.segment.device import autocast
network = load_bundle(model_path("flair_hyperintensity")).network
with torch.inference_mode(), autocast(torch.device("cpu")):
    answer = network(torch.load({str(cache / "image.pt")!r}))
torch.save(answer.float(), {str(cache / "answer.pt")!r})
print("monai" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False"]
    built = built_network()
    built.load_state_dict(first.state_dict())
    for network in (first, built.eval()):
        with torch.inference_mode(), autocast(CPU):
            assert torch.equal(network(image).float(), torch.load(cache / "answer.pt"))


def built_network():
    from monai.bundle import ConfigParser

    parser = ConfigParser()
    parser.read_config(str(model_path("flair_hyperintensity") / INFERENCE))
    return parser.get_parsed_content("network_def")


def test_weights_are_not_kept():
    made = []
    for _ in range(2):
        network = traced("small", lambda: made.append(Small()) or made[-1].eval())
        network.load_state_dict(Small().state_dict() | {"layer.bias": torch.full((1,), 7.0)})
        assert float(network(torch.zeros(1, 1, 8, 8, 8)).mean()) == 7
    assert len(made) == 1


def test_a_network_that_cannot_be_followed_is_built_each_time():
    for _ in range(2):
        assert isinstance(traced("by size", BySize), BySize)


def test_a_damaged_file_is_made_anew(cache):
    traced("small", lambda: Small().eval())
    (kept,) = cache.glob("traced-*.npz")
    kept.write_bytes(kept.read_bytes()[:-100])
    network = traced("small", lambda: Small().eval())
    assert set(network.state_dict()) == {"layer.weight", "layer.bias"}


def test_a_network_from_elsewhere_is_never_kept(tmp_path, cache, monkeypatch):
    (tmp_path / "elsewhere.py").write_text("def same(network):\n    return network\n")
    monkeypatch.syspath_prepend(tmp_path)
    folder = shutil.copytree(model_path("flair_hyperintensity"), tmp_path / "bundle")
    inference = json.loads((folder / INFERENCE).read_text())
    shipped = inference["network_def"]
    inference["network_def"] = {"_target_": "elsewhere.same", "network": shipped}
    (folder / INFERENCE).write_text(json.dumps(inference))
    load_bundle(folder)
    assert not list(cache.glob("traced-*.npz"))
