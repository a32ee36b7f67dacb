"""Figures of a cohort that go into a paper as they are: SVG, one column wide."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any, cast

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from presight.cohort.page.data import LABELS, Cohort
from presight.cohort.page.labels import Calibration
from presight.config import load_config

# Colours that stay apart for colour-blind eyes (Okabe and Ito 2008).
_COLOURS = dict(zip(LABELS, ("#0072B2", "#D55E00", "#CC79A7", "#009E73", "#999999"), strict=True))
_WIDTH_IN = 3.5
_JITTER = 0.28


def classes_figure(cohort: Cohort) -> str:
    """Draw how many scans have which class."""

    def draw(axes: Axes) -> None:
        labels = _shown(cohort)
        counts = [cohort.counts[label] for label in labels]
        bars = axes.barh(range(len(labels)), counts, color=[_COLOURS[label] for label in labels])
        axes.bar_label(bars, padding=3, fontsize=8)
        axes.set_yticks(range(len(labels)), [_names()[label] for label in labels])
        axes.invert_yaxis()
        axes.set_xlim(0, max(counts) * 1.15)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("scans")

    return _svg(draw, height_in=0.6 + 0.3 * len(_shown(cohort)))


def volumes_figure(cohort: Cohort) -> str:
    """Draw the volume of each scan by its class."""

    def draw(axes: Axes) -> None:
        labels = _shown(cohort)
        for place, label in enumerate(labels):
            volumes = [s.lesion_ml or 0.0 for s in cohort.scans if s.label == label]
            offsets = _spread(len(volumes)) + place
            axes.scatter(volumes, offsets, s=9, color=_COLOURS[label], alpha=0.6, linewidths=0)
            axes.vlines(np.median(volumes), place - 0.38, place + 0.38, color="black", lw=1.2)
        axes.set_xscale("symlog", linthresh=1.0)
        axes.set_xlim(left=-0.1)
        axes.set_xticks([0, 1, 10, 100], ["0", "1", "10", "100"])
        axes.set_yticks(range(len(labels)), [_names()[label] for label in labels])
        axes.invert_yaxis()
        axes.set_xlabel("hyperintense volume (mL)")

    return _svg(draw, height_in=0.7 + 0.42 * len(_shown(cohort)))


def calibration_figure(calibration: Calibration) -> str:
    """Draw the observed share of each class against its predicted probability."""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color="0.7", lw=0.8, ls="--")
        for name, bins in calibration.curves.items():
            full = bins.voxels > 0  # here a scan each
            predicted = bins.predicted[full] / bins.voxels[full]
            observed = bins.observed[full] / bins.voxels[full]
            axes.plot(predicted, observed, color=_COLOURS[name], lw=1, label=_names()[name])
            sizes = 6 + 60 * bins.voxels[full] / bins.voxels.sum()
            axes.scatter(predicted, observed, s=sizes, color=_COLOURS[name])
        axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
        axes.set_xlabel("predicted probability")
        axes.set_ylabel("observed share")
        axes.legend(fontsize=7, frameon=False, loc="upper left")

    return _svg(draw, height_in=_WIDTH_IN)


def _svg(draw: Callable[[Axes], None], height_in: float) -> str:
    """Draw on axes and return the SVG: the same drawing gives the same text."""
    style = {"svg.fonttype": "none", "svg.hashsalt": "presight", "font.size": 8}
    style |= {"font.family": "sans-serif", "axes.spines.top": False, "axes.spines.right": False}
    with mpl.rc_context(cast(Any, style)):
        figure = Figure(figsize=(_WIDTH_IN, height_in), layout="constrained")
        draw(figure.add_subplot())
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue()


def _shown(cohort: Cohort) -> Sequence[str]:
    return [label for label in LABELS if cohort.counts[label]]


def _names() -> dict[str, str]:
    names: dict[str, str] = load_config("cohort_page.yaml")["classes"]
    return names


def _spread(count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Offsets that keep dots of one class apart; the same every time."""
    return np.random.default_rng(0).uniform(-_JITTER, _JITTER, count)
