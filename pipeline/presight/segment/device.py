"""Where the network runs and with what numbers.

Importing torch takes a second, so nothing here does before it is asked for a device.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from presight.errors import ConfigError
from presight.threads import shared_threads

if TYPE_CHECKING:
    import torch

OPENVINO = "openvino"


def device_name(name: str) -> str:
    """Name a device as results do.

    Raises
    ------
    ConfigError
        As for :func:`select_device`.
    """
    if name in ("cpu", OPENVINO):
        return name
    if name == "auto" and not _has_driver():
        return "cpu"
    return str(select_device(name))


def select_device(name: str) -> torch.device:
    """Device of a name, on which this process computes with its share of the cores.

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
    if name not in ("auto", "cpu", OPENVINO) and not name.startswith("cuda"):
        raise ConfigError(
            f"the device {name!r} is not known", expected="auto, cpu, cuda or openvino"
        )
    import torch  # noqa: PLC0415 (see above)

    if threads := shared_threads():
        torch.set_num_threads(threads)
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name in ("cpu", OPENVINO):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise ConfigError("there is no CUDA device here", action="Use --device auto or cpu")
    return torch.device(name)


def has_bfloat16(device: torch.device) -> bool:
    """Whether the hardware multiplies bfloat16 itself; emulation would be slower than float32."""
    import torch  # noqa: PLC0415 (see above)

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16")) or bool(capabilities.get("avx512_bf16"))


def autocast(device: torch.device) -> AbstractContextManager[object]:
    """Context in which the network computes: bfloat16 where it is native, else float16 on CUDA."""
    import torch  # noqa: PLC0415 (see above)

    if has_bfloat16(device):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    if device.type == "cuda":
        return torch.autocast("cuda", dtype=torch.float16)
    return nullcontext()


@contextmanager
def tiny_numbers_as_zero() -> Iterator[None]:
    """Numbers too small to matter slow the CPU down; elsewhere in the process they may matter."""
    import torch  # noqa: PLC0415 (see above)

    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def _has_driver() -> bool:
    """Whether there is the driver without which torch finds no GPU, NVIDIA's or AMD's."""
    if sys.platform == "win32" or Path("/dev/kfd").exists():
        return True
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True
