"""Two processes under torchrun train the network that one process trains."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from presight.train.checkpoint import read_checkpoint

SCRIPT = """
import sys
from pathlib import Path
import numpy as np
from presight.config import config_path
from presight.train.cache import TrainingVolume
from presight.train.recipe import Phase, Watch, load_recipe
from presight.train.trainer import train

place = np.indices((40, 40, 40)) - 20
brain = ((place**2).sum(0) < 18**2).astype(np.uint8)
lesion = ((place**2).sum(0) < 6**2).astype(np.uint8)
image = (brain + 0.8 * lesion).astype(np.float16)
volumes = [
    TrainingVolume(f"lgg/{name}", "lgg", name, "DU", image, lesion, brain, brain)
    for name in ("DU_1", "DU_5851")
]
recipe = load_recipe(config_path("recipes/laptop-cpu.yaml"))
smaller = {"filters": [8, 8, 16], "kernel_size": [3] * 3, "strides": [1, 2, 2],
           "upsample_kernel_size": [2, 2],
           "norm_name": ["instance", {"affine": True}]}  # of a patch, not of a process's share
body = recipe.network["body"] | smaller
recipe = recipe.model_copy(update={
    "network": recipe.network | {"body": body},
    "augmentation": (),
    "loss": recipe.loss | {"of_patch": 1.0},  # the Dice of a batch is that of each share of it
    "phases": (Phase(until_step=4, patch=(32, 32, 32), batch=2),),
    "sampling": recipe.sampling.model_copy(update={"datasets": {"lgg": 1.0}, "margin": 1.0}),
    "workers": 0,
    "watch": Watch(every_steps=2, patches=2),
})
train(recipe, volumes, Path(sys.argv[1]), device="cpu")
"""


@pytest.mark.skipif(os.name == "nt", reason="torchrun's gloo needs POSIX here")
def test_two_processes_agree_with_one(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    alone, together = tmp_path / "alone", tmp_path / "together"
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    for command in ([str(script), str(alone)], [*torchrun, str(script), str(together)]):
        subprocess.run([sys.executable, *command], env=environment, check=True)
    one, two = (read_checkpoint(folder / "checkpoint.pt") for folder in (alone, together))
    assert two.losses == pytest.approx(one.losses, abs=5e-3)
    assert len(two.losses) == 4
    assert [look["step"] for look in two.looks] == [2, 4]
    assert two.looks[-1]["loss"] == pytest.approx(one.looks[-1]["loss"], abs=5e-3)
