"""Run a cohort through every misfortune and say whether the outcome is what it would have been.

    python scripts/soak.py cohort DATASET [--shared DIR] [--whole 52] [--broken 8]
    python scripts/soak.py kills DATASET OUT [--times 10] [--jobs 2]
    python scripts/soak.py cluster DATASET OUT
    python scripts/soak.py speed DATASET OUT
    python scripts/soak.py memory DATASET OUT

``cohort`` makes a BIDS dataset of real and simulated heads with broken ones between them; the
others run it. They use coarse settings (tests/faults/broken_cohort.py) unless ``--full`` is given.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "faults"))

from broken_cohort import LIGHT_SETTINGS, contents, differences, make_cohort  # noqa: E402

from presight.cohort.ledger import BEGUN, DONE, FAILED, read_ledger  # noqa: E402
from presight.cohort.status import status_of  # noqa: E402

PRESIGHT = str(Path(sys.executable).with_name("presight"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, function in COMMANDS.items():
        command = commands.add_parser(name)
        command.add_argument("dataset", type=Path)
        if name == "cohort":
            command.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data")
            command.add_argument("--whole", type=int, default=52)
            command.add_argument("--broken", type=int, default=8)
            command.add_argument("--real", type=int, default=3, help="real heads among the models")
            command.add_argument("--simulated", type=int, default=4)
        else:
            command.add_argument("out", type=Path)
            command.add_argument("--jobs", type=int, default=2)
            command.add_argument("--times", type=int, default=10)
            command.add_argument("--seed", type=int, default=1)
            command.add_argument("--full", action="store_true", help="the shipped settings")
            command.add_argument("--cores", default="", help="taskset list, such as 0,1")
        command.set_defaults(function=function)
    args = parser.parse_args()
    return int(args.function(args))


def cohort(args: argparse.Namespace) -> int:
    from presight.train.synthesis.patient import synthetic_patient, write_patient  # noqa: PLC0415

    with (args.shared / "manifest.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["dataset"] == "open_ms_longitudinal"]
    real = [args.shared / row["flair"] for row in rows[: args.real]]
    models = args.dataset.parent / f"{args.dataset.name}-models"
    simulated = [
        write_patient(synthetic_patient(seed, spacing_mm=(1.8, 1.8, 5.0)), models)
        for seed in range(1, args.simulated + 1)
    ]
    bad = make_cohort(args.dataset, [*simulated, *real], args.whole, args.broken)
    print(f"{args.whole} good subjects and {args.broken} bad ones: {', '.join(bad)}")
    return 0


def kills(args: argparse.Namespace) -> int:
    calm, stormy = args.out / "calm", args.out / "stormy"
    start = time.monotonic()
    code = run(args, calm).wait()
    seconds = time.monotonic() - start
    print(f"undisturbed: exit code {code}, {seconds:.0f} s; {_counts(calm)}")
    rng, killed = random.Random(args.seed), 0  # noqa: S311
    while killed < args.times:
        before, process = _ended(stormy), run(args, stormy)
        while process.poll() is None and _ended(stormy) == before:
            time.sleep(0.05)
        time.sleep(rng.uniform(0, 3) * seconds / _ended(calm))  # anywhere in the next studies
        if process.poll() is not None:
            print(f"came to its end after {killed} kills")
            break
        process.kill()
        process.wait()
        killed += 1
        print(f"kill {killed}: {_counts(stormy)}", flush=True)
    code = run(args, stormy).wait()
    print(f"killed {killed} times and resumed: exit code {code}; {_counts(stormy)}")
    return _compare(calm, stormy)


def cluster(args: argparse.Namespace) -> int:
    from distributed import Client  # noqa: PLC0415

    calm, out = args.out / "calm", args.out / "cluster"
    if not (calm / "run.json").exists():
        print(f"undisturbed: exit code {run(args, calm).wait()}")
    file = args.out / "scheduler.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    dask = [sys.executable, "-m", "dask"]
    options = ["--scheduler-file", str(file)]
    scheduler = [*dask, "scheduler", "--port", "0", "--no-dashboard", *options]
    worker = [*dask, "worker", "--nthreads", "1", "--no-nanny", "--no-dashboard", *options]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    processes = [subprocess.Popen(words, **quiet) for words in (scheduler, worker, worker)]
    try:
        with Client(scheduler_file=str(file), timeout=300) as client:
            client.wait_for_workers(2, timeout=300)
            address = client.scheduler.address
            process = run(args, out, "--scheduler", address)
            half = len(contents(calm)) / 2
            while process.poll() is None and len(contents(out)) < half:
                time.sleep(0.5)
            held = _held_by(client, processes[1].pid)
            processes[1].kill()
            print(f"killed a worker while it held {len(held)} studies; {_counts(out)}")
            code = process.wait()
            runs = _times_run(client)
        print(f"exit code {code}; {_counts(out)}")
        print(
            f"studies sent to a worker: {dict(sorted(Counter(runs.values()).items()))} (times: n)"
        )
        twice = {key for key, times in runs.items() if times > 1}
        print(f"sent again but not held by the dead worker: {len(twice - held)}")
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return _compare(calm, out) or len(twice - held)


def speed(args: argparse.Namespace) -> int:
    rates = {}
    for jobs, cores in ((1, "0"), (2, "0,1")):
        args.jobs, args.cores = jobs, cores
        out = args.out / f"{jobs}-jobs"
        run(args, out).wait()
        (record,) = read_ledger(out)
        ends = [event for event in record.events if event["event"] in (DONE, FAILED)]
        begins = [event["t"] for event in record.events if event["event"] == BEGUN]
        worked = sum(sum(event.get("seconds", {}).values()) for event in ends)
        lasted = ends[-1]["t"] - begins[0]
        rates[jobs] = 60 * len(ends) / lasted
        print(
            f"{jobs} job(s) on core(s) {cores}: {len(ends)} studies in {lasted:.1f} s, "
            f"{rates[jobs]:.2f} a minute; outside the stages {1 - worked / (jobs * lasted):.1%}"
        )
    print(f"{rates[2] / rates[1]:.2f} times the studies a minute")
    print("same bytes" if not _compare(args.out / "1-jobs", args.out / "2-jobs") else "")
    return 0


def memory(args: argparse.Namespace) -> int:
    import psutil  # noqa: PLC0415

    process = run(args, args.out / "results")
    tree, start, samples = psutil.Process(process.pid), time.monotonic(), []
    while process.poll() is None:
        try:
            family = [tree, *tree.children(recursive=True)]
            held = [p.memory_info().rss / 2**20 for p in family]
            ledger = read_ledger(args.out / "results")
            done = status_of(args.out / "results").complete if ledger else 0
            samples.append((time.monotonic() - start, done, sum(held), held[0]))
        except psutil.NoSuchProcess:
            pass
        time.sleep(2)
    _write_memory(samples, args.out)
    quarter = len(samples) // 4
    early = max(total for _, _, total, _ in samples[quarter : 2 * quarter])
    late = max(total for _, _, total, _ in samples[-quarter:])
    print(f"{_counts(args.out / 'results')}; most memory: second quarter {early:.0f} MB, "
          f"last quarter {late:.0f} MB")  # fmt: skip
    return 0


def run(args: argparse.Namespace, out: Path, *more: str) -> subprocess.Popen[bytes]:
    settings = args.out / "light.yaml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(LIGHT_SETTINGS)
    pinned = ["taskset", "-c", args.cores] if args.cores else []
    words = ["run", str(args.dataset), "--out", str(out), "--jobs", str(args.jobs), *more]
    config = [] if args.full else ["--config", str(settings)]
    log = (args.out / f"{out.name}.log").open("ab")
    command = [*pinned, PRESIGHT, *words, *config, "--device", "cpu"]
    return subprocess.Popen(command, stdout=log, stderr=log)


def _compare(one: Path, other: Path) -> int:
    first = contents(one)
    different = differences(first, contents(other))
    print(f"{len(first)} files; different: {len(different)} {different[:6] or ''}")
    return len(different)


def _ended(out: Path) -> int:
    """Studies that came to an end so far."""
    return sum(event["event"] in (DONE, FAILED) for run in read_ledger(out) for event in run.events)


def _counts(out: Path) -> str:
    try:
        status = status_of(out)
    except Exception as error:  # nothing there yet
        return str(error)
    return f"{status.complete} complete, {status.failed} failed, {status.left} left"


def _held_by(client: Any, process: int) -> set[str]:
    """Keys of the studies that a worker process holds, by the scheduler's word."""
    held: dict[str, Any] = client.run_on_scheduler(_processing)
    where = client.run(os.getpid)
    return {key for address, keys in held.items() if where[address] == process for key in keys}


def _processing(dask_scheduler: Any) -> dict[str, list[str]]:
    return {
        address: [task.key for task in (*state.processing, *state.has_what)]
        for address, state in dask_scheduler.workers.items()
    }


def _times_run(client: Any) -> dict[str, int]:
    log = client.run_on_scheduler(_transitions)
    return dict(Counter(key for key, finish in log if finish == "processing"))


def _transitions(dask_scheduler: Any) -> list[tuple[str, str]]:
    return [(entry[0], entry[2]) for entry in dask_scheduler.transition_log]


def _write_memory(samples: list[tuple[float, int, float, float]], out: Path) -> None:
    from matplotlib.figure import Figure  # noqa: PLC0415

    (out / "memory.json").write_text(json.dumps(samples))
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.add_subplot()
    studies = [done for _, done, _, _ in samples]
    axes.plot(studies, [total for *_, total, _ in samples], label="all processes")
    axes.plot(studies, [own for *_, own in samples], label="the one that was started")
    axes.set(xlabel="studies complete", ylabel="memory held (MB)", ylim=(0, None))
    axes.legend(frameon=False)
    figure.savefig(out / "memory.png", dpi=120)


COMMANDS = {
    "cohort": cohort, "kills": kills, "cluster": cluster, "speed": speed, "memory": memory,
}  # fmt: skip

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
