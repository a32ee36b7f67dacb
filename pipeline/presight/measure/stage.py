"""Stage 3: from lesions and anatomy to numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.config import load_config
from presight.measure.findings import Findings, RegionVolume, Side
from presight.preprocess import Prepared, to_native
from presight.segment.lesions import Lesions
from presight.study.contrast import Contrast
from presight.study.resample import resample
from presight.study.volume import Volume


def measure(prepared: Prepared, lesions: Lesions) -> Findings:
    """Measure the burden of hyperintensity, where it lies and how it looks.

    Volumes are counted on the grid of the FLAIR that came in, in millilitres; intensities are
    read on the working grid, where the bias field is gone. Shares of an absent lesion are
    ``None``: there is nothing to share.
    """
    anatomy = to_native(prepared.anatomy, prepared)
    voxel_ml = lesions.grid.voxel_ml
    regions = _region_volumes(lesions.mask, anatomy, voxel_ml)
    sizes_ml = np.sort(_component_sizes(lesions.mask) * voxel_ml)[::-1]
    return Findings(
        brain_ml=_count(anatomy > 0) * voxel_ml,
        lesion_ml=_count(lesions.mask) * voxel_ml,
        lesion_count=len(sizes_ml),
        largest_lesion_ml=float(sizes_ml[0]) if len(sizes_ml) else None,
        regions=regions,
        parieto_occipital_share=_share("parieto_occipital", regions),
        deep_share=_share("deep", regions),
        infratentorial_share=_share("infratentorial", regions),
        volume_asymmetry=_asymmetry(regions),
        contrast_ratio=_median_ratio(prepared.flair, prepared, lesions),
        adc_ratio=_median_ratio(prepared.others.get(Contrast.ADC), prepared, lesions),
        uncertainty=_uncertainty(lesions),
        sequences=tuple(c.value for c in (Contrast.FLAIR, *prepared.others)),
        quality_doubts=tuple(q.sentence for q in prepared.quality if q.doubtful),
    )


def _region_volumes(
    mask: NDArray[np.bool_], anatomy: NDArray[np.uint8], voxel_ml: float
) -> tuple[RegionVolume, ...]:
    labels = load_config("anatomy.yaml")["labels"]
    size = max(labels) + 1
    inside = np.bincount(anatomy.ravel(), minlength=size) * voxel_ml
    bright = np.bincount(anatomy[mask], minlength=size) * voxel_ml
    return tuple(
        RegionVolume(
            region=label["region"],
            side=Side(label["side"]),
            lesion_ml=float(bright[number]),
            region_ml=float(inside[number]),
        )
        for number, label in labels.items()
    )


def _component_sizes(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Voxels of each lesion; voxels that touch at a corner belong together."""
    parts, _ = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    return np.bincount(parts.ravel())[1:]


def _share(group: str, regions: tuple[RegionVolume, ...]) -> float | None:
    members: list[str] = load_config("anatomy.yaml")["groups"][group]
    total = sum(region.lesion_ml for region in regions)
    inside = sum(region.lesion_ml for region in regions if region.region in members)
    return inside / total if total else None


def _asymmetry(regions: tuple[RegionVolume, ...]) -> float | None:
    left = sum(region.lesion_ml for region in regions if region.side is Side.LEFT)
    right = sum(region.lesion_ml for region in regions if region.side is Side.RIGHT)
    return abs(left - right) / (left + right) if left + right else None


def _median_ratio(volume: Volume | None, prepared: Prepared, lesions: Lesions) -> float | None:
    """Median in the lesion over the median of the brain tissue around it; CSF left aside."""
    if volume is None:
        return None
    lesion = resample(
        lesions.mask.astype(np.uint8), lesions.grid, prepared.flair.grid, nearest=True
    ).astype(bool)
    seen = prepared.brain & ~np.isin(prepared.anatomy, _ventricle_labels()) & (volume.data > 0)
    inside, around = volume.data[seen & lesion], volume.data[seen & ~lesion]
    if inside.size == 0 or around.size == 0:
        return None
    return float(np.median(inside) / np.median(around))


def _uncertainty(lesions: Lesions) -> float | None:
    if not lesions.mask.any():
        return None
    rim = ndimage.binary_dilation(lesions.mask)
    return float(lesions.uncertainty[rim].mean())


def _ventricle_labels() -> list[int]:
    labels: dict[int, dict[str, Any]] = load_config("anatomy.yaml")["labels"]
    return [number for number, label in labels.items() if label["region"] == "ventricles"]


def _count(mask: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(mask))
