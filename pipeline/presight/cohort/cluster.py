"""Many studies on a Dask cluster: the same work, on other machines.

Scheduler and workers must be presight installations of the same version that see the same disks;
see ``docs/cohorts.md``. A study's paths and record travel to a worker, its outcome travels back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from presight.cohort.outcome import DONE, Outcome, Progress, failed
from presight.cohort.threads import share_threads
from presight.cohort.work import Work, do
from presight.errors import ConfigError, PresightError
from presight.run import STAGES

_IN_HAND = 2  # studies a worker thread has, one of them waiting: none idles, and none hoards


def do_on_worker(work: Work) -> Outcome:
    """Run a study in a worker, which has its cores from whoever started it."""
    share_threads(jobs=None)
    return do(work)


def run_on_cluster(
    works: Iterable[Work],
    progress: Progress,
    address: str,
    function: Callable[[Work], Outcome] = do_on_worker,
) -> Iterator[Outcome]:
    """Run studies on the workers of a scheduler and yield each outcome as it comes.

    Studies for a GPU (device ``cuda``) go to workers with the resource ``GPU``, one of it each.

    Parameters
    ----------
    works : iterable of Work
        Taken as workers become free.
    progress : callable of (study, stage)
    address : str
        Of the scheduler.
    function : callable
        What is done with each study, importable by name.

    Raises
    ------
    ConfigError
        Dask is not installed, or the scheduler does not answer.
    """
    client = _connect(address)
    with client:
        yield from _stream(client, iter(works), progress, function)


def _stream(
    client: Any, works: Iterator[Work], progress: Progress, function: Callable[[Work], Outcome]
) -> Iterator[Outcome]:
    from distributed import KilledWorker, as_completed  # noqa: PLC0415

    in_hand: dict[str, Work] = {}
    suspects: list[Work] = []
    running = as_completed()
    while True:
        room = _capacity(client) - len(in_hand)
        for work in islice(works, max(0, room)):
            progress(work.files, STAGES[0])
            future = _submit(client, work, function)
            in_hand[future.key] = work
            running.add(future)
        if not in_hand:
            break
        future = next(running)
        work = in_hand.pop(future.key)
        if isinstance(future.exception(), KilledWorker):
            suspects.append(work)
            continue
        yield _ended(future, work, progress)
    for work in suspects:  # Dask blames all that a dead worker had: alone, only the guilty one dies
        yield _ended(_submit(client, work, function), work, progress)


def _ended(future: Any, work: Work, progress: Progress) -> Outcome:
    outcome = _outcome(future, work)
    future.release()
    progress(work.files, DONE)
    return outcome


def _submit(client: Any, work: Work, function: Callable[[Work], Outcome]) -> Any:
    resources = {"GPU": 1} if work.options.device.startswith("cuda") else None
    return client.submit(function, work, pure=False, resources=resources)


def _outcome(future: Any, work: Work) -> Outcome:
    try:
        outcome: Outcome = future.result()
    except Exception as error:  # the study's own errors are outcomes: this is the cluster's
        return failed(work.files, _lost(error), "run")
    return outcome


def _lost(error: Exception) -> PresightError:
    return PresightError(
        f"the cluster gave the study up ({type(error).__name__})",
        expected="workers that live: most often the memory was not enough",
        action="Look into the workers' logs, and give them more memory or fewer threads",
    )


def _capacity(client: Any) -> int:
    threads = sum(client.nthreads().values())
    return max(1, threads) * _IN_HAND


def _connect(address: str) -> Any:
    try:
        from distributed import Client  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "running on a cluster needs Dask",
            expected="the package distributed",
            action="Install it with: pip install 'presight[cluster]'",
        ) from error
    try:
        return Client(address, timeout=10)
    except (OSError, TimeoutError, ValueError) as error:
        raise ConfigError(
            f"the scheduler does not answer ({error})",
            where=address,
            expected="the address that dask scheduler prints, such as tcp://10.0.0.1:8786",
        ) from error
