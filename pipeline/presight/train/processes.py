"""Several training processes, one a GPU or a CPU core, as ``torchrun`` starts them."""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel


def join_processes(device: torch.device) -> tuple[int, int]:
    """Join the group that ``torchrun`` started; gives rank and number of processes.

    Without ``torchrun`` this process is the only one.
    """
    if "WORLD_SIZE" not in os.environ:
        return 0, 1
    if not distributed.is_initialized():
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return distributed.get_rank(), distributed.get_world_size()


def own_device(device: torch.device) -> torch.device:
    """Device of this process: ``torchrun`` gives each process of a machine a GPU of its own."""
    if device.type != "cuda" or device.index is not None:
        return device
    own = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(own)
    return own


def synchronised(network: nn.Module, processes: int) -> nn.Module:
    """Network whose gradients are averaged over all processes."""
    return network if processes == 1 else DistributedDataParallel(network)


def mean_over_processes(value: torch.Tensor, processes: int) -> float:
    """Average of a number over all processes."""
    if processes > 1:
        distributed.all_reduce(value)
        value = value / processes
    return float(value)


def same_in_all_processes(value: dict[str, Any], processes: int) -> dict[str, Any]:
    """Give every process what the first one has."""
    shared = [value]
    if processes > 1:
        distributed.broadcast_object_list(shared)
    return shared[0]
