"""Pictures of an evaluation, each as SVG for print and PNG for a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from presight.evaluate.calibration import pooled
from presight.evaluate.case import CaseScore
from presight.report.atomic import write_atomically

# Colours that stay apart for colour-blind eyes (Okabe and Ito 2008); marks repeat at another pace.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKS = ("o", "s", "^", "D", "v", "P")
_FEWEST_VOXELS = 100  # a bin of fewer says little


@dataclass(frozen=True)
class _Series:
    """The scans of one dataset, in the colour and with the mark that it has on every plot."""

    name: str
    scores: tuple[CaseScore, ...]
    colour: str
    mark: str

    @property
    def dots(self) -> dict[str, Any]:
        """How a scan is drawn."""
        return {"s": 26, "color": self.colour, "marker": self.mark, "alpha": 0.8}


_Draw = Callable[[Sequence[_Series], Axes], None]


def write_plots(scores: Sequence[CaseScore], folder: Path) -> dict[str, str]:
    """Draw every plot that has something to show.

    Parameters
    ----------
    scores : sequence of CaseScore
        At least one.
    folder : Path

    Returns
    -------
    dict of str to str
        File name without ending, and the caption of each plot.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    series = _series(scores)
    with_lesion = [part for s in series if (part := _only_with_lesion(s)).scores]
    captions = {}
    for name, (draw, caption, of_lesions) in _PLOTS.items():
        if shown := with_lesion if of_lesions else series:
            _save(draw, shown, folder / name)
            captions[name] = caption
    return captions


def _series(scores: Sequence[CaseScore]) -> list[_Series]:
    names = sorted({score.dataset for score in scores})
    looks = zip(cycle(_COLOURS), cycle(_MARKS), strict=False)
    return [
        _Series(name.replace("_", " "), tuple(s for s in scores if s.dataset == name), *look)
        for name, look in zip(names, looks, strict=False)
    ]


def _only_with_lesion(series: _Series) -> _Series:
    return replace(series, scores=tuple(score for score in series.scores if score.has_lesion))


def _save(draw: _Draw, series: Sequence[_Series], path: Path) -> None:
    figure = Figure(figsize=(7, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="0.92", linewidth=0.8)
    axes.set_axisbelow(True)
    draw(series, axes)
    with mpl.rc_context({"svg.hashsalt": path.name, "svg.fonttype": "none"}):
        _write(figure, path.with_suffix(".svg"), metadata={"Date": None})
        _write(figure, path.with_suffix(".png"), dpi=150)


def _write(figure: Figure, path: Path, **options: Any) -> None:
    write_atomically(path, lambda file: figure.savefig(file, format=path.suffix[1:], **options))


def _dice_by_dataset(series: Sequence[_Series], axes: Axes) -> None:
    for place, part in enumerate(series):
        values = np.array([score.dice for score in part.scores], dtype=np.float64)
        aside = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else np.zeros(1)
        axes.scatter(values, place + aside, **part.dots)
        median = float(np.median(values))
        axes.plot([median, median], [place - 0.32, place + 0.32], color="0.15", linewidth=2)
        axes.annotate(f"{median:.2f}", (median, place - 0.36), ha="center", va="bottom", fontsize=8)
    axes.set_yticks(range(len(series)), [f"{part.name} ({len(part.scores)})" for part in series])
    axes.set(xlabel="Dice", xlim=(-0.03, 1.03), ylim=(len(series) - 0.4, -0.65))


def _dice_by_size(series: Sequence[_Series], axes: Axes) -> None:
    for part in series:
        dice = np.array([score.dice for score in part.scores], dtype=np.float64)
        axes.scatter(_loads(part), dice, label=part.name, **part.dots)
    axes.set(xscale="log", xlabel="drawn volume (% of the brain)")
    axes.set(ylabel="Dice", ylim=(-0.03, 1.03))
    axes.xaxis.set_major_formatter(_plain)
    _legend(axes)


def _volumes(series: Sequence[_Series], axes: Axes) -> None:
    for part in series:
        found = [100 * score.found_ml / score.brain_ml for score in part.scores]
        axes.scatter(_loads(part), found, label=part.name, **part.dots)
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=0.01)  # what was missed has no place on a logarithmic axis
    ends = np.array(axes.get_xlim())
    axes.plot(ends, ends, color="0.45", linestyle="--", linewidth=1)
    axes.set(xlabel="drawn volume (% of the brain)", ylabel="found volume (% of the brain)")
    axes.set_xlim(*ends)
    axes.set_ylim(bottom=-0.002)
    axes.xaxis.set_major_formatter(_plain)
    axes.yaxis.set_major_formatter(_plain)
    _legend(axes)


def _reliability(series: Sequence[_Series], axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], color="0.45", linestyle="--", linewidth=1)
    for part in series:
        bins = pooled(score.reliability for score in part.scores)
        enough = bins.voxels >= _FEWEST_VOXELS
        said, drawn = (
            sums[enough] / bins.voxels[enough] for sums in (bins.predicted, bins.observed)
        )
        label = f"{part.name}, ECE {bins.ece:.4f}"
        look: dict[str, Any] = {"color": part.colour, "marker": part.mark, "label": label}
        axes.plot(said, drawn, markersize=4, linewidth=1.2, **look)
    axes.set(xlabel="probability that the network gave", ylabel="share that was drawn")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    _legend(axes)


def _loads(part: _Series) -> NDArray[np.float64]:
    return np.array([score.lesion_load_percent for score in part.scores], dtype=np.float64)


def _plain(value: float, _place: object) -> str:
    return f"{value:g}"


def _legend(axes: Axes) -> None:
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))


# name -> (how it is drawn, caption, whether of scans with a lesion alone)
_PLOTS: dict[str, tuple[_Draw, str, bool]] = {
    "dice_by_dataset": (
        _dice_by_dataset,
        "Dice of every scan with a drawn lesion; the line is the median.",
        True,
    ),
    "dice_by_size": (_dice_by_size, "Dice against the drawn volume, a share of the brain.", True),
    "volumes": (
        _volumes,
        "Found against drawn volume, as shares of the brain; on the dashed line they agree.",
        True,
    ),
    "reliability": (
        _reliability,
        "Share of voxels that were drawn, by the probability that the network gave them; on the "
        "dashed line the probabilities mean what they say.",
        False,
    ),
}
