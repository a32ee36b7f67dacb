"""Cores and threads: as many studies at a time as there are cores, and none fights over them."""

from __future__ import annotations

import os

import SimpleITK as sitk

from presight.config import load_config
from presight.threads import cores, use_threads


def jobs_for(studies: int) -> int:
    """How many studies to run at a time where nobody said: one a core, if memory allows."""
    total_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    fit = int(total_gb // load_config("cohort.yaml")["memory_per_job_gb"])
    return max(1, min(studies, cores(), fit))


def share_threads(jobs: int | None) -> None:
    """Give this process its share of the cores.

    The filters get the same number of threads everywhere, because what they compute depends on
    it in the last digits; the network's answer does not, so it gets the cores that there are.

    Parameters
    ----------
    jobs : int or None
        Processes among which the cores are divided. ``None``: whoever started the process decided.
    """
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(load_config("cohort.yaml")["filter_threads"])
    if jobs:
        use_threads(cores() // jobs)
