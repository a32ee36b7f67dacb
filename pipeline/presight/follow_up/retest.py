"""How much a scan differs from itself when it is repeated: what change has to exceed."""

from __future__ import annotations

from dataclasses import dataclass

from presight.config import load_config


@dataclass(frozen=True)
class Retest:
    """Measurement error of one slice thickness, measured by ``scripts/measure_retest.py``.

    Each is the 95th percentile over repeated scans.

    Attributes
    ----------
    slice_mm : float
        Of the thicker of the two scans.
    border_mm : float
        How far the border of a lesion seems to have moved, where brightness says so too.
    lone_ml : float
        Volume of a lesion that is found in one of the two scans only.
    total_mm : float
        Difference of the whole outlined volume, as a shift of the whole border: so it holds for
        few small lesions as for one large one.
    confirmed_mm : float
        The same for growth less loss of the change map.
    """

    slice_mm: float
    border_mm: float
    lone_ml: float
    total_mm: float
    confirmed_mm: float


def retest_for(slice_mm: float) -> Retest:
    """Error for scans of which the thicker has slices of ``slice_mm``.

    It is that of the next thicker slices that were measured, or of the thickest.
    """
    rows = [Retest(**row) for row in load_config("follow_up.yaml")["retest"]["error"]]
    return next((row for row in rows if row.slice_mm >= slice_mm - 0.25), rows[-1])
