"""Stage 3: from lesions, anatomy and the other contrasts to numbers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.config import load_config
from presight.measure.background import background
from presight.measure.burden import (
    asymmetry,
    depths,
    lesion_table,
    region_volumes,
    share_of,
    volume_in,
)
from presight.measure.candidates import Enhancement, enhancements, haemorrhages
from presight.measure.details import (
    Candidate,
    Depth,
    Diffusion,
    Lesion,
    RegionVolume,
    SiteVolume,
    Swelling,
)
from presight.measure.diffusion import adc_unit, measure_diffusion
from presight.measure.findings import Findings
from presight.measure.gradings import gradings
from presight.measure.head import Head, Image, see_head
from presight.measure.pattern import Numbers, named_patterns, pattern_numbers
from presight.measure.places import Places, find_places, site_volumes
from presight.measure.plane import Plane, find_plane, world_plane
from presight.measure.swelling import measure_swelling
from presight.measure.symmetry import Symmetry, symmetry
from presight.preprocess import Prepared, to_native
from presight.segment.lesions import Lesions
from presight.study.clinical import ClinicalRecord
from presight.study.contrast import Contrast
from presight.threads import submit

_UNKNOWN = ClinicalRecord()


def measure(prepared: Prepared, lesions: Lesions, clinical: ClinicalRecord = _UNKNOWN) -> Findings:
    """Measure the hyperintensity as a neuroradiologist would.

    The volume of the lesion and of each of its pieces is counted on the grid of the FLAIR that came
    in. Regions share it out among them as they do the outline drawn again on the working grid,
    where they are known between thick slices too; so their volumes add up to that of the lesion.
    Parts of regions, depths and intensities are of the working grid, where the bias field is gone.
    Shares of an absent lesion are ``None``: there is nothing to share.

    Parameters
    ----------
    prepared : Prepared
    lesions : Lesions
    clinical : ClinicalRecord, optional
        Age, sex and creatinine, for the background load to expect. Nothing else is looked at.
    """
    seen = _Seen(prepared, lesions, clinical)
    with ThreadPoolExecutor(max_workers=1) as beside:  # most of it leaves the interpreter free
        swelling = submit(beside, lambda: seen.swelling)
        found = {
            **_burden(seen),
            **_place(seen),
            **_pattern(seen),
            **_diffusion(seen),
            **_candidates(seen),
        }
    return Findings(
        **found,
        **_swelling(swelling.result()),
        not_assessed=_not_assessed(seen),
        sequences=tuple(c.value for c in (Contrast.FLAIR, *prepared.others)),
        quality_doubts=(
            *(q.sentence for q in prepared.quality if q.doubtful),
            *(lesions.trust.doubts if lesions.trust else ()),
            *_doubts(seen),
        ),
    )


@dataclass(frozen=True)
class _Seen:
    """One study, looked at when it is asked for."""

    prepared: Prepared
    lesions: Lesions
    clinical: ClinicalRecord

    @cached_property
    def head(self) -> Head:
        return see_head(self.prepared, self.lesions)

    @cached_property
    def anatomy(self) -> NDArray[np.uint8]:
        """Regions on the grid of the FLAIR that came in."""
        return to_native(self.prepared.anatomy, self.prepared)

    @cached_property
    def regions(self) -> tuple[RegionVolume, ...]:
        head = self.head
        return region_volumes(head.outline, head.anatomy, head.grid.voxel_ml, self.lesion_ml)

    @cached_property
    def lesion_ml(self) -> float:
        return _count(self.lesions.mask) * self.lesions.grid.voxel_ml

    @cached_property
    def table(self) -> tuple[tuple[Lesion, ...], NDArray[np.float64]]:
        return lesion_table(self.lesions.mask, self.anatomy, self.lesions.grid)

    @cached_property
    def there(self) -> bool:
        """Whether there is a lesion to describe."""
        return bool(self.head.lesion.any())

    @cached_property
    def plane(self) -> Plane:
        return find_plane(self.head)

    @cached_property
    def depth(self) -> Depth:
        return depths(self.head)

    @cached_property
    def places(self) -> Places:
        return find_places(self.head, self.plane)

    @cached_property
    def sites(self) -> tuple[SiteVolume, ...]:
        return site_volumes(self.places)

    @cached_property
    def symmetry(self) -> Symmetry | None:
        return symmetry(self.head, self.plane)

    @cached_property
    def numbers(self) -> Numbers:
        if self.symmetry is None:
            return {}
        sizes = self.table[1]
        return pattern_numbers(
            self.regions, self.sites, self.depth, sizes, self.places, self.symmetry
        )

    @cached_property
    def diffusion(self) -> Diffusion | None:
        return measure_diffusion(self.head)

    @cached_property
    def swelling(self) -> Swelling:
        return measure_swelling(self.head, self.plane)


def _burden(seen: _Seen) -> dict[str, Any]:
    lesion_ml = seen.lesion_ml
    brain_ml = seen.head.ml(seen.head.anatomy > 0)
    listed, sizes_ml = seen.table
    infratentorial_ml = volume_in(seen.regions, "infratentorial")
    trust = seen.lesions.trust
    return {
        "brain_ml": brain_ml,
        "lesion_ml": lesion_ml,
        "brain_share": lesion_ml / brain_ml if brain_ml else None,
        "lesion_count": len(sizes_ml),
        "largest_lesion_ml": float(sizes_ml[0]) if len(sizes_ml) else None,
        "confluence": float(sizes_ml[0] / sizes_ml.sum()) if len(sizes_ml) else None,
        "lesions": listed,
        "regions": seen.regions,
        "infratentorial_ml": infratentorial_ml,
        "supratentorial_ml": sum(r.lesion_ml for r in seen.regions) - infratentorial_ml,
        "parieto_occipital_share": share_of(seen.regions, "parieto_occipital"),
        "deep_share": share_of(seen.regions, "deep"),
        "infratentorial_share": share_of(seen.regions, "infratentorial"),
        "volume_asymmetry": asymmetry(seen.regions),
        "contrast_ratio": _contrast_ratio(seen.head),
        "uncertainty": _uncertainty(seen.lesions),
        "unfamiliarity": trust.unfamiliarity if trust else None,
        "expected_dice": trust.expected_dice if trust else None,
    }


def _place(seen: _Seen) -> dict[str, Any]:
    """Depth, sites and the background load."""
    load_ml = seen.depth.deep_ml + seen.depth.periventricular_ml
    expected = background(load_ml, seen.clinical)
    return {
        "depth": seen.depth,
        "sites": seen.sites,
        "background": expected,
        "gradings": gradings(expected),
        **{
            name: seen.numbers.get(name)
            for name in ("cortex_share", "subcortical_share", "periventricular_share")
        },
    }


def _pattern(seen: _Seen) -> dict[str, Any]:
    named = named_patterns(seen.numbers)
    sides = seen.symmetry
    return {
        "pattern_numbers": seen.numbers,
        "patterns": named,
        "pattern": named[0].name if named else None,
        "mid_sagittal_plane": world_plane(seen.plane, seen.head.grid),
        "mirror_overlap": None if sides is None else sides.overlap,
        "mirror_overlap_near": None if sides is None else sides.overlap_near,
        "side_ratio": None if sides is None else sides.side_ratio,
    }


def _diffusion(seen: _Seen) -> dict[str, Any]:
    found = seen.diffusion
    return {
        "diffusion": found,
        "adc_ratio": None if found is None else found.ratio,
        "restricted_share": None if found is None else found.restricted_share,
        "restricted_diffusion": None if found is None else _RESTRICTED[found.kind],
    }


_RESTRICTED = {"vasogenic": "none", "unchanged": "none", "mixed": "partial", "cytotoxic": "whole"}


def _candidates(seen: _Seen) -> dict[str, Any]:
    blood, bright = haemorrhages(seen.head), enhancements(seen.head)
    return {
        "haemorrhages": blood or (),
        "haemorrhage_ml": None if blood is None else _total(blood),
        "haemorrhage": None if blood is None else _in_lesion(blood),
        "haemorrhage_sequence": None if blood is None else Contrast.SWI.value,
        **_enhancement(bright),
    }


def _enhancement(bright: Enhancement | None) -> dict[str, Any]:
    if bright is None:
        return {}
    return {
        "enhancements": bright.candidates,
        "enhancement_ml": _total(bright.candidates),
        "enhancement": _in_lesion(bright.candidates),
        "ring_enhancement": bright.ring,
    }


def _swelling(found: Swelling) -> dict[str, Any]:
    """Signs beyond their limits count as seen; numbers within them do not exclude a swelling."""
    shifted = bool(found.herniation_risk)
    return {
        "swelling_detail": found,
        "swelling": True if found.signs else None,
        "mass_effect": True if shifted else None,
    }


def _total(candidates: tuple[Candidate, ...]) -> float:
    return sum(candidate.volume_ml for candidate in candidates)


def _in_lesion(candidates: tuple[Candidate, ...]) -> bool:
    return any(candidate.in_lesion for candidate in candidates)


def _not_assessed(seen: _Seen) -> dict[str, str]:
    """Tell what was not looked at, and why."""
    why: dict[str, str] = load_config("measure/settings.yaml")["not_assessed"]
    others = seen.prepared.others
    missing = {
        "haemorrhage": Contrast.SWI not in others,
        "enhancement": Contrast.T1 not in others or Contrast.T1_POST not in others,
        "diffusion": Contrast.ADC not in others,
    }
    return {name: why[name] for name, gone in missing.items() if gone}


def _doubts(seen: _Seen) -> list[str]:
    """Sentences on the other images: what their files leave open, and units."""
    doubts = [doubt for volume in seen.prepared.others.values() for doubt in volume.doubts]
    adc = seen.head.others.get(Contrast.ADC)
    return list(dict.fromkeys([*doubts, *(_unit_doubt(seen.head, adc) if adc is not None else [])]))


def _unit_doubt(head: Head, adc: Image) -> list[str]:
    said: dict[str, str] = load_config("measure/settings.yaml")["said"]
    unit = adc_unit(head, adc)
    if unit is None:
        return [said["adc_unit_unknown"]]
    return [said["adc_unit"].format(unit=unit.said)] if unit.factor != 1 else []


def _contrast_ratio(head: Head) -> float | None:
    normal = head.normal_median(head.flair)
    inside = head.flair[head.lesion & (head.flair > 0)]
    return float(np.median(inside)) / normal if inside.size and normal else None


def _uncertainty(lesions: Lesions) -> float | None:
    if not lesions.mask.any():
        return None
    rim = ndimage.binary_dilation(lesions.mask)
    return float(lesions.uncertainty[rim].mean())


def _count(mask: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(mask))
