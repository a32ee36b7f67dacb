"""What became of regions, of diffusion and of brightness between two scans."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict

from presight.config import load_config
from presight.follow_up.change import Change, ChangeMap, border_ml_per_mm
from presight.follow_up.pair import Mask, Pair, Resampled
from presight.follow_up.retest import Retest
from presight.measure.burden import regions_of


class RegionChange(BaseModel):
    """Lesion of one region and side in both scans.

    ``resolution_percent``: share of the volume before that is gone; negative where it grew and
    ``None`` where there was none. ``error_ml``: a repeated scan differs by less, 95 times of 100.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: str
    side: str
    before_ml: float
    after_ml: float
    resolution_percent: float | None
    error_ml: float

    @property
    def within_error(self) -> bool:
        """Whether the difference may be measurement alone."""
        return abs(self.after_ml - self.before_ml) <= self.error_ml


class AdcEvolution(BaseModel):
    """Diffusion of the same tissue in both scans, medians in 1e-6 mm2/s.

    Places: ``lesion_before``, ``remaining``, ``resolved``, ``new``, ``healthy``. Ratios are those
    to the healthy brain of the same scan.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: str
    volume_ml: float
    before: float
    after: float
    before_ratio: float
    after_ratio: float


def region_changes(pair: Pair, retest: Retest) -> tuple[RegionChange, ...]:
    """Resolution of each region and side that holds a lesion in either scan.

    A voxel outside every region counts for the nearest, so the regions add up to the lesion.
    """
    regions = np.zeros_like(pair.anatomy)
    regions[pair.union] = regions_of(pair.union, pair.anatomy)
    rows = []
    for number, label in load_config("anatomy.yaml")["labels"].items():
        inside = regions == number
        if not inside.any():
            continue
        before_ml, after_ml = (
            float(np.count_nonzero(inside & scan.lesion)) * pair.grid.voxel_ml
            for scan in (pair.before, pair.after)
        )
        rows.append(
            RegionChange(
                region=label["region"],
                side=label["side"],
                before_ml=before_ml,
                after_ml=after_ml,
                resolution_percent=100 * (before_ml - after_ml) / before_ml if before_ml else None,
                error_ml=retest.total_mm * border_ml_per_mm(inside, pair.grid.spacing_mm[0]),
            )
        )
    return tuple(rows)


def contrast(pair: Pair, scan: Resampled) -> float | None:
    """Median FLAIR of what was lesion before over that of the healthy brain, in one scan."""
    lesion, healthy = pair.before.lesion & pair.seen, pair.healthy
    if not lesion.any() or not healthy.any():
        return None
    return float(np.median(scan.flair[lesion]) / np.median(scan.flair[healthy]))


def adc_evolution(pair: Pair, changes: ChangeMap) -> tuple[AdcEvolution, ...]:
    """Diffusion before and after in the lesion and its parts; empty without ADC in both scans."""
    before, after = pair.before.adc, pair.after.adc
    if before is None or after is None:
        return ()
    measured = (before > 0) & (after > 0) & pair.seen
    healthy = pair.healthy & measured
    if not healthy.any():
        return ()
    normal = float(np.median(before[healthy])), float(np.median(after[healthy]))
    rows = []
    for place, mask in {**_places(pair, changes), "healthy": healthy}.items():
        inside = mask & measured
        if inside.any():
            first, second = float(np.median(before[inside])), float(np.median(after[inside]))
            rows.append(
                AdcEvolution(
                    place=place,
                    volume_ml=float(np.count_nonzero(inside)) * pair.grid.voxel_ml,
                    before=first,
                    after=second,
                    before_ratio=first / normal[0],
                    after_ratio=second / normal[1],
                )
            )
    return tuple(rows)


def _places(pair: Pair, changes: ChangeMap) -> dict[str, Mask]:
    labels = changes.labels
    return {
        "lesion_before": pair.before.lesion,
        "remaining": pair.before.lesion & pair.after.lesion,
        "resolved": np.isin(labels, (Change.RESOLVED, Change.SHRUNK)),
        "new": np.isin(labels, (Change.NEW, Change.GROWN)),
    }
