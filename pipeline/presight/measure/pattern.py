"""The pattern of a lesion: numbers first, then names by the rules of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from presight.config import load_config
from presight.measure.burden import asymmetry, share_of, volume_in
from presight.measure.details import Depth, NamedPattern, RegionVolume, Side, SiteVolume
from presight.measure.places import Places, site_ml
from presight.measure.symmetry import Symmetry

Numbers = dict[str, float]
_LEAST_FILL = 1e-4  # about 0.1 mL of the lobes; less is none (ours)
_SITES = ("dentate", "central_pons", "splenium", "pulvinar", "calcarine")


def pattern_numbers(
    regions: tuple[RegionVolume, ...],
    sites: tuple[SiteVolume, ...],
    depth: Depth,
    sizes_ml: Iterable[float],
    places: Places,
    sides: Symmetry,
) -> Numbers:
    """Numbers that patterns are told by; a number that has no meaning here is left out.

    ``*_share`` is a share of the lesion, ``*_fill`` the share of a region that is lesion, and
    ``*_enrichment`` how much denser the lesion is in a zone than around it.
    """
    sizes = np.asarray(list(sizes_ml))
    deep = fill(regions, "deep_wm", "corpus_callosum")
    lobar = fill(regions, "frontal", "parietal", "occipital", "temporal")
    numbers = {
        "lesion_ml": float(sizes.sum()),
        "count": float(sizes.size),
        "largest_share": float(sizes.max() / sizes.sum()),
        "side_ratio": sides.side_ratio,
        "mirror_overlap": sides.overlap,
        "mirror_overlap_near": sides.overlap_near,
        "volume_asymmetry": asymmetry(regions),
        "parieto_occipital_share": share_of(regions, "parieto_occipital"),
        "infratentorial_share": share_of(regions, "infratentorial"),
        "infratentorial_fill": fill(regions, "brainstem", "cerebellum"),
        "deep_fill": deep,
        "lobar_fill": lobar,
        "deep_lobar_ratio": _deep_over_lobar(deep, lobar),
        "central_share": _share(regions, "brainstem", "deep_grey"),
        **_depth_shares(depth),
        **_front_to_back(regions),
        **{f"{name}_share": _of(site_ml(sites, name)[0], sizes.sum()) for name in _SITES},
        **_zones(places),
        **_territory(places),
    }
    return {name: float(value) for name, value in numbers.items() if value is not None}


def named_patterns(numbers: Mapping[str, float]) -> tuple[NamedPattern, ...]:
    """Patterns whose rule holds, the one that names the lesion first."""
    table = load_config("measure/patterns.yaml")
    if numbers.get("lesion_ml", 0) < table["least_ml"]:
        return ()
    return tuple(
        NamedPattern(
            name=name,
            said=rule["said"],
            because="; ".join(
                f"{number.replace('_', ' ')} {numbers[number]:.2f}" for number in rule["all"]
            ),
            source=tuple(rule["source"]),
        )
        for name, rule in table["patterns"].items()
        if all(_holds(numbers.get(number), limit) for number, limit in rule["all"].items())
    )


def fill(regions: tuple[RegionVolume, ...], *names: str) -> float | None:
    """Share of some regions that is lesion."""
    found = [region for region in regions if region.region in names]
    return _of(sum(r.lesion_ml for r in found), sum(r.region_ml for r in found))


def _holds(value: float | None, limit: Mapping[str, Any]) -> bool:
    if value is None:
        return False
    return value >= limit.get("at_least", -np.inf) and value < limit.get("below", np.inf)


def _deep_over_lobar(deep: float | None, lobar: float | None) -> float | None:
    """Ratio of two fills; a lesion that leaves the lobes out has one too, and a high one."""
    return _of(deep, max(lobar or 0.0, _LEAST_FILL)) if deep or lobar else None


def _share(regions: tuple[RegionVolume, ...], *names: str) -> float | None:
    total = sum(region.lesion_ml for region in regions)
    return _of(sum(region.lesion_ml for region in regions if region.region in names), total)


def _depth_shares(depth: Depth) -> dict[str, float | None]:
    """Shares of the cerebral lesion by depth; deep takes what is beside the ventricles along."""
    cortex, under = depth.cortex_ml, depth.subcortical_ml
    deep = depth.deep_ml + depth.periventricular_ml
    total = cortex + under + deep
    return {
        "cortex_share": _of(cortex, total),
        "subcortical_share": _of(under, total),
        "deep_share": _of(deep, total),
        "periventricular_share": _of(depth.periventricular_ml, total),
    }


def _front_to_back(regions: tuple[RegionVolume, ...]) -> dict[str, float | None]:
    back = fill(regions, "parietal", "occipital")
    front = fill(regions, "frontal")
    both = None if back is None or front is None else back + front
    left, right = (_posterior_ml(regions, side) for side in (Side.LEFT, Side.RIGHT))
    parietal, occipital = fill(regions, "parietal"), fill(regions, "occipital")
    return {
        "posterior_fill": back,
        "frontal_fill": front,
        "temporal_fill": fill(regions, "temporal"),
        "parietal_fill": parietal,
        "occipital_fill": occipital,
        "posterior_gradient": None if not both else ((back or 0) - (front or 0)) / both,
        "frontal_posterior_ratio": _of(front, back),
        "posterior_side_ratio": _of(min(left, right), max(left, right)),
    }


def _posterior_ml(regions: tuple[RegionVolume, ...], side: Side) -> float:
    return volume_in(tuple(r for r in regions if r.side is side), "parieto_occipital")


def _zones(places: Places) -> dict[str, float | None]:
    """How much denser the lesion is in a zone than in the rest of the same territories."""
    order = list(load_config("measure/sites.yaml")["territories"])
    cerebrum = (places.territory > 0) & (places.territory != 1 + order.index("below"))
    above = cerebrum & (places.site == 0)
    return {
        "watershed_enrichment": _enrichment(places, places.watershed & above, above),
        "superior_frontal_enrichment": _enrichment(places, places.superior_frontal & above, above),
    }


def _enrichment(places: Places, zone: Any, whole: Any) -> float | None:
    inside = _of(places.ml(zone & places.lesion), places.ml(zone))
    around = _of(places.ml(whole & places.lesion), places.ml(whole))
    return _of(inside, around)


def _territory(places: Places) -> dict[str, float | None]:
    """Share of the lesion in the arterial territory of one side that holds most of it."""
    total = places.ml(places.lesion)
    best: tuple[float, float] = (0.0, 0.0)
    for number in range(1, 1 + len(load_config("measure/sites.yaml")["territories"])):
        for side in (places.right, ~places.right):
            there = (places.territory == number) & side
            inside = places.ml(there & places.lesion)
            best = max(best, (inside, _of(inside, places.ml(there)) or 0.0))
    return {"territory_share": _of(best[0], total), "territory_fill": best[1]}


def _of(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else float(part / whole)
