"""Seconds, processor seconds and memory of every stage on real FLAIRs, beside what is possible.

python scripts/benchmark.py 2D=flair.nii.gz 3D=other.nii.gz [--nnunet PYTHON] [--plot FILE.png]

Each scan is run twice in one process and the second, warm run is shown, with every output written.
The network is set against the machine's own matrix product and memory, measured in the same run,
and against the classical path. `--nnunet` names the Python of an environment with nnunetv2.
Processor seconds (of all cores together) are the figure to trust where other work runs beside.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from presight.config import load_config, model_path
from presight.preprocess.bias import correct_bias
from presight.preprocess.conform import conform
from presight.preprocess.find import find_anatomy
from presight.preprocess.normalise import commonest_intensity
from presight.preprocess.quality import numbers_of
from presight.preprocess.register import head_mask
from presight.report.derivatives import write_study
from presight.run import Stopwatch, peak_memory_mb, run_study
from presight.segment import Bundle, load_bundle
from presight.segment.device import autocast, has_bfloat16
from presight.study import ClinicalRecord, Contrast, StudyInput, load_study
from presight.study.nifti import read_nifti

CPU = torch.device("cpu")
CLASSICAL_BIAS = {"shrink": 4, "iterations": [30, 30, 30]}
Row = tuple[str, float, float]  # what, seconds, processor seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scans", nargs="+", help="NAME=FLAIR")
    parser.add_argument("--nnunet", type=Path, help="Python of an environment with nnunetv2")
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    bundle = load_bundle(model_path("flair_hyperintensity"))
    print(f"{torch.get_num_threads()} threads, bfloat16 units: {has_bfloat16(CPU)}\n")
    ceiling = ceilings()
    results = {}
    for scan in arguments.scans:
        name, _, path = scan.partition("=")
        results[name] = whole_run(Path(path), bundle)
        show(f"{name}: the whole way, warm", results[name])
        show(f"{name}: parts of stage 1", parts(Path(path)))
        network(Path(path), bundle, ceiling)
        if arguments.nnunet:
            nnunet(arguments.nnunet, Path(path))
    print(f"\npeak memory {peak_memory_mb():.0f} MB")
    if arguments.plot:
        plot(results, arguments.plot)


def timed(what: str, work: Callable[[], Any]) -> tuple[Row, Any]:
    wall, own = time.perf_counter(), time.process_time()
    made = work()
    return (what, time.perf_counter() - wall, time.process_time() - own), made


def show(title: str, rows: list[Row]) -> None:
    print(f"\n{title}\n\n| what | seconds | processor seconds |\n|---|---|---|")
    for what, seconds, own in rows:
        print(f"| {what} | {seconds:.2f} | {own:.2f} |")
    if len(rows) > 1:
        print(f"| sum | {sum(r[1] for r in rows):.2f} | {sum(r[2] for r in rows):.2f} |")


def whole_run(path: Path, bundle: Bundle) -> list[Row]:
    """Stages of the second of two runs, writing included."""
    files = StudyInput(subject="benchmark", flair=path)
    rows: list[Row] = []
    for _ in range(2):
        own: list[float] = []
        clock = Stopwatch(lambda _stage, own=own: own.append(time.process_time()))
        result = run_study(
            lambda: load_study(files, ClinicalRecord()), lambda: bundle, clock, device="cpu"
        )
        with tempfile.TemporaryDirectory() as out, clock("report"):
            write_study(result, Path(out))
        own.append(time.process_time())
        stages = clock.seconds.items()
        rows = [(s, wall, b - a) for (s, wall), a, b in zip(stages, own, own[1:], strict=False)]
    return rows


def parts(path: Path) -> list[Row]:
    settings = load_config("preprocess.yaml")
    native = read_nifti(path, Contrast.FLAIR)
    conformed, flair = timed("conform", lambda: conform(native, settings["spacing_mm"]))
    head, _ = timed("head mask", lambda: head_mask(flair.data))
    found, anatomy = timed("brain and regions", lambda: find_anatomy(flair, settings))
    scaled, scale = timed(
        "scale", lambda: commonest_intensity(flair.data, anatomy.brain, settings["normalise"])
    )
    quality, _ = timed("quality", lambda: numbers_of(native, flair, anatomy, scale))
    bias, _ = timed("bias field", lambda: correct_bias(flair, anatomy.brain, settings["bias"]))
    classical, _ = timed(
        "(classical bias field, shrink 4)",
        lambda: correct_bias(flair, anatomy.brain, CLASSICAL_BIAS),
    )
    return [
        conformed,
        (f"({head[0]}, within the next)", *head[1:]),
        found,
        scaled,
        quality,
        bias,
        classical,
    ]


def ceilings() -> dict[str, float]:
    """Matrix product in 1e9 operations a second and memory in 1e9 bytes a second, best of five."""
    best = {}
    for name, kind in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        a = torch.randn(2048, 2048).to(kind)
        best[name] = 2 * 2048**3 / min(timed("", lambda a=a: a @ a)[0][1] for _ in range(5)) / 1e9
    block = torch.empty(2**26)
    copy = min(timed("", block.clone)[0][1] for _ in range(5))
    best["memory"] = 2 * block.numel() * 4 / copy / 1e9
    print(", ".join(f"{name} {value:.0f}" for name, value in best.items()), "(1e9 a second)")
    return best


def network(path: Path, bundle: Bundle, ceiling: dict[str, float]) -> None:
    """Seconds of the network alone, and the least that its arithmetic would take."""
    flair = conform(read_nifti(path, Contrast.FLAIR), 1.0)
    multiple = bundle.settings.size_multiple
    size = [max(multiple, round(width / multiple) * multiple) for width in (160, 192, 160)]
    image = torch.zeros(1, 1, *size)
    part = flair.data[: size[0], : size[1], : size[2]]
    image[0, 0, : part.shape[0], : part.shape[1], : part.shape[2]] = torch.from_numpy(part.copy())
    image = image.contiguous(memory_format=torch.channels_last_3d)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        bundle.network(image)
    operations = counter.get_total_flops() / 1e9
    rows = []
    for name, context in (("float32", torch.autocast("cpu", enabled=False)), ("as run", None)):
        with torch.inference_mode(), context or autocast(CPU):
            times = [timed(name, lambda: bundle.network(image))[0] for _ in range(3)]
        rows.append(min(times, key=lambda row: row[1]))
    show(f"network on {size}, {operations:.0f} GFLOP", rows)
    kind = "bfloat16" if has_bfloat16(CPU) else "float32"
    floor = operations / ceiling[kind]
    print(
        f"\narithmetic alone at the measured ceiling: {floor:.2f} s; "
        f"the network takes {rows[-1][1] / floor:.1f} times that"
    )


def nnunet(python: Path, path: Path) -> None:
    script = Path(__file__).with_name("benchmark_nnunet.py")
    flair = conform(read_nifti(path, Contrast.FLAIR), 1.0)
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "volume.npy", flair.data)
        done = subprocess.run(
            [python, script, f"{folder}/volume.npy"], check=True, stdout=subprocess.PIPE, text=True
        )
    rows = [(what, wall, own) for what, wall, own in json.loads(done.stdout.splitlines()[-1])]
    show("nnU-Net v2's predictor, 3d_fullres, one fold, random weights", rows)


def plot(results: dict[str, list[Row]], path: Path) -> None:
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415

    figure, axes = pyplot.subplots(figsize=(7, 1.2 + 0.6 * len(results)))
    stages = [row[0] for row in next(iter(results.values()))]
    for place, (_name, rows) in enumerate(results.items()):
        left = 0.0
        for number, (_, seconds, _own) in enumerate(rows):
            axes.barh(place, seconds, left=left, color=f"C{number}")
            left += seconds
        axes.text(left, place, f" {left:.1f} s", va="center")
    axes.set_yticks(range(len(results)), list(results))
    handles = [pyplot.Rectangle((0, 0), 1, 1, color=f"C{n}") for n in range(len(stages))]
    axes.legend(
        handles,
        stages,
        ncols=len(stages),
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        frameon=False,
        fontsize=8,
    )
    axes.set_xlabel("seconds, warm, every output written")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120, bbox_inches="tight")


if __name__ == "__main__":
    main()
