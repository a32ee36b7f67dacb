"""Where the network runs and with what numbers."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from presight.errors import ConfigError

OPENVINO = "openvino"


def device_name(name: str) -> str:
    """Name a device as results do.

    Raises
    ------
    ConfigError
        As for :func:`select_device`.
    """
    device = select_device(name)
    return name if name == OPENVINO else str(device)


def select_device(name: str) -> torch.device:
    """Device of a name.

    Parameters
    ----------
    name : str
        ``"cpu"``, ``"cuda"`` (or ``"cuda:1"``), ``"openvino"`` (the CPU, see
        :mod:`presight.segment.openvino`) or ``"auto"``: CUDA where there is any, else the CPU.

    Raises
    ------
    ConfigError
        The name is none of these, or CUDA was asked for and there is none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == OPENVINO:
        return torch.device("cpu")
    if name != "cpu" and not name.startswith("cuda"):
        raise ConfigError(
            f"the device {name!r} is not known", expected="auto, cpu, cuda or openvino"
        )
    if name != "cpu" and not torch.cuda.is_available():
        raise ConfigError("there is no CUDA device here", action="Use --device auto or cpu")
    return torch.device(name)


def has_bfloat16(device: torch.device) -> bool:
    """Whether the hardware multiplies bfloat16 itself; emulation would be slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16")) or bool(capabilities.get("avx512_bf16"))


def autocast(device: torch.device) -> AbstractContextManager[object]:
    """Context in which the network computes: bfloat16 where it is native, else float16 on CUDA."""
    if has_bfloat16(device):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    if device.type == "cuda":
        return torch.autocast("cuda", dtype=torch.float16)
    return nullcontext()
