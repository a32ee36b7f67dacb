"""Several training processes, one a GPU or a CPU core, as ``torchrun`` starts them."""

from __future__ import annotations

import os

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


def synchronised(network: nn.Module, processes: int) -> nn.Module:
    """Network whose gradients are averaged over all processes."""
    return network if processes == 1 else DistributedDataParallel(network)


def mean_over_processes(value: torch.Tensor, processes: int) -> float:
    """Average of a number over all processes."""
    if processes > 1:
        distributed.all_reduce(value)
        value = value / processes
    return float(value)
