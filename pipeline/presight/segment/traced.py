"""What a bundle's network computes, without the code that says so.

To build a network takes the library that defines it, and importing MONAI takes longer than a whole
brain does. So its operations are followed once (TorchScript, as in the ``model.ts`` of MONAI's own
bundles) and kept in the user's cache folder. The weights are not: they stay in the bundle.
"""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from presight.segment.device import autocast

_MADE_BY = ("torch", "monai", "presight")
_OURS = Path(__file__).with_name("network.py")  # which may change within a version
_EXAMPLE = (64, 64, 64)  # voxels that are followed
_OTHERS = ((96, 64, 128), (64, 128, 96))  # at which the answer must be the same as well

Packed = NDArray[np.uint8]


def traced(made_from: str, build: Callable[[], nn.Module]) -> nn.Module:
    """Network for the CPU, with weights of no meaning.

    What was followed is taken only if it computes the very same as the network at other sizes:
    one that decides by what it sees cannot be followed, and is built each time.

    Parameters
    ----------
    made_from : str
        What of the installed libraries the network is made of.
    build : callable
        Gives the network in evaluation mode; not called where it was followed before.
    """
    from presight.preprocess.kept import kept  # noqa: PLC0415 (which imports this package)

    versions = {name: version(name) for name in _MADE_BY}
    sources = json.dumps([made_from, versions, _OURS.read_text(encoding="utf-8")])
    packed = kept("traced", sources, None, lambda: _packed(build()))
    return _unpacked(packed) if packed.size else build()


def _packed(network: nn.Module) -> Packed:
    """Operations as bytes, none where they do not do as the network does."""
    followed = _followed(network)
    if followed is None:
        return np.zeros(0, np.uint8)
    with torch.no_grad():
        for values in followed.state_dict().values():
            values.zero_()  # takes no room on the disk
    stream = io.BytesIO()
    torch.jit.save(followed, stream)
    return np.frombuffer(stream.getvalue(), np.uint8)


def _followed(network: nn.Module) -> torch.jit.ScriptModule | None:
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of sizes that are compared: see below
            followed = torch.jit.trace(network, torch.zeros(1, 1, *_EXAMPLE), check_trace=False)
            same = all(_same(network, followed, size) for size in _OTHERS)
    except Exception:  # whatever a network raises that cannot be followed, or not at these sizes
        return None
    return followed if same else None


def _same(network: nn.Module, followed: nn.Module, size: tuple[int, ...]) -> bool:
    image = torch.rand(1, 1, *size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode(), autocast(torch.device("cpu")):
        return torch.equal(network(image), followed(image))


def _unpacked(packed: Packed) -> nn.Module:
    with warnings.catch_warnings():
        # Its successor takes longer to load than MONAI does.
        warnings.simplefilter("ignore", DeprecationWarning)
        network: nn.Module = torch.jit.load(io.BytesIO(packed.tobytes()), map_location="cpu")
    return network
