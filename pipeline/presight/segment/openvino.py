"""A bundle's network compiled by OpenVINO, for Intel processors (the extra ``openvino``).

It computes faster than torch there, and needs MONAI, whose import takes longer than a whole brain
does, only once: what was compiled is kept in the user's cache folder.
"""

from __future__ import annotations

import json
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from presight.errors import ConfigError
from presight.segment.device import has_bfloat16

_HEAD = 8  # bytes that say how long the description of the network is
_EXAMPLE = 96  # voxels; any other size does as well

Packed = NDArray[np.uint8]


class Compiled(nn.Module):
    """Stands in for the network that it was compiled from.

    Parameters
    ----------
    model : openvino.CompiledModel
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Give what the network gives, as float32."""
        answer = self.model(image.float().contiguous().numpy())[0]
        return torch.from_numpy(np.array(answer, dtype=np.float32))


def compiled(made_from: str, build: Callable[[], nn.Module]) -> nn.Module:
    """Compile a network, or take what was compiled before.

    Parameters
    ----------
    made_from : str
        Everything that the network depends on.
    build : callable
        Gives the network in evaluation mode; not called where it was compiled before.

    Raises
    ------
    ConfigError
        OpenVINO is not installed.
    """
    from presight.preprocess.kept import kept  # noqa: PLC0415 (which imports this package)

    core = _core()
    sources = json.dumps([made_from, *(version(name) for name in ("openvino", "presight"))])
    packed = kept("network", sources, None, lambda: _packed(build()))
    start = _HEAD + int(packed[:_HEAD].view(np.uint64)[0])
    description, weights = packed[_HEAD:start].tobytes(), packed[start:].tobytes()
    precision = "bf16" if has_bfloat16(torch.device("cpu")) else "f32"
    hints = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
    }
    return Compiled(core.compile_model(core.read_model(description, weights), "CPU", hints))


@cache
def _core() -> Any:
    # Merely imported, OpenVINO reports to its maker; without this package it cannot.
    cast(dict[str, object], sys.modules).setdefault("openvino_telemetry", None)
    try:
        import openvino  # noqa: PLC0415 (an optional extra)
    except ImportError as error:
        raise ConfigError(
            "OpenVINO is not installed",
            action="Install presight[openvino], or use --device auto",
        ) from error
    return openvino.Core()


def _packed(network: nn.Module) -> Packed:
    """Length of the description, the description, the weights."""
    import openvino  # noqa: PLC0415

    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")  # of sizes that are compared while the network is followed
        model = openvino.convert_model(network, example_input=torch.zeros(1, 1, *[_EXAMPLE] * 3))
        path = Path(folder) / "network.xml"
        openvino.save_model(model, path)  # with weights as float16, as they are in a bundle
        description, weights = path.read_bytes(), path.with_suffix(".bin").read_bytes()
    length = np.array([len(description)], np.uint64).tobytes()
    return np.frombuffer(length + description + weights, np.uint8)
