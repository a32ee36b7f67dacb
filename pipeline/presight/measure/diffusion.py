"""Diffusion in the lesion: vasogenic, cytotoxic, mixed or unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import ndimage

from presight.config import load_config
from presight.measure.details import Diffusion
from presight.measure.head import Head, Image, Mask
from presight.study.contrast import Contrast

Kind = Literal["vasogenic", "cytotoxic", "mixed", "unchanged"]


@dataclass(frozen=True)
class Unit:
    """What ADC values came in.

    Attributes
    ----------
    said : str
    factor : float
        Brings them to 1e-6 mm2/s.
    """

    said: str
    factor: float


def measure_diffusion(head: Head) -> Diffusion | None:
    """Compare the ADC of the lesion with normal-appearing white matter.

    ``None`` without an ADC map, without a lesion, or where the unit of the map cannot be told.
    """
    raw = head.others.get(Contrast.ADC)
    settings = load_config("measure/settings.yaml")["diffusion"]
    unit = None if raw is None else adc_unit(head, raw)
    if raw is None or unit is None:
        return None
    adc = ndimage.gaussian_filter(
        raw * np.float32(unit.factor), [settings["smooth_mm"] / s for s in head.grid.spacing_mm]
    )
    normal = head.normal_median(adc)
    seen = head.lesion & (raw > 0) & (adc < settings["fluid_above"])
    if normal is None or not seen.any():
        return None
    return _described(head, adc, seen, normal, unit, settings)


def adc_unit(head: Head, raw: Image) -> Unit | None:
    """Tell the unit of an ADC map by its normal white matter; ``None`` if it fits none."""
    settings = load_config("measure/settings.yaml")["diffusion"]
    median = head.normal_median(raw)
    low, high = settings["plausible"]
    for entry in settings["units"] if median is not None else ():
        if median is not None and low <= median * entry["factor"] <= high:
            return Unit(entry["said"], float(entry["factor"]))
    return None


def _described(
    head: Head, adc: Image, seen: Mask, normal: float, unit: Unit, settings: dict[str, Any]
) -> Diffusion:
    values = adc[seen]
    low = _foci(seen & (adc < settings["low_ratio"] * normal), head, settings)
    restricted = float(np.count_nonzero(low)) / values.size
    raised = float(np.mean(values > settings["high_ratio"] * normal))
    percentiles = np.percentile(values, [5, 50, 95])
    ratio = float(percentiles[1]) / normal
    return Diffusion(
        kind=kind_of(restricted, ratio),
        lesion_median=float(percentiles[1]),
        lesion_percentiles=(float(percentiles[0]), float(percentiles[1]), float(percentiles[2])),
        normal_median=normal,
        ratio=ratio,
        restricted_share=restricted,
        restricted_ml=head.ml(low),
        raised_share=raised,
        unit=unit.said,
    )


def kind_of(restricted_share: float, ratio: float) -> Kind:
    """Name the oedema by the share of low ADC and the ratio of the whole; limits are ours.

    >>> kind_of(0.0, 1.8), kind_of(0.1, 1.7), kind_of(0.9, 0.6), kind_of(0.0, 1.0)
    ('vasogenic', 'mixed', 'cytotoxic', 'unchanged')
    """
    settings = load_config("measure/settings.yaml")["diffusion"]
    if restricted_share >= settings["cytotoxic_from_share"]:
        return "cytotoxic"
    if restricted_share >= settings["mixed_from_share"]:
        return "mixed"
    return "vasogenic" if ratio >= settings["high_ratio"] else "unchanged"


def _foci(low: Mask, head: Head, settings: dict[str, Any]) -> Mask:
    """Leave out specks of low ADC that noise makes."""
    parts, _ = ndimage.label(low)
    sizes = np.bincount(parts.ravel()) * head.grid.voxel_ml
    keep = sizes >= settings["smallest_focus_ml"]
    keep[0] = False
    kept: Mask = keep[parts]
    return kept
