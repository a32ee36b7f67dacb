"""Count lesions, drawn and found, and say which of them belong together.

Two conventions, because none is agreed on. *Overlap*: a drawn lesion is found if it shares one
voxel with what was found, and a found lesion is right if it shares one with what was drawn; any
number may touch any number (WMH Segmentation Challenge 2017, Kuijf 2019,
10.1109/TMI.2019.2905770). *One-to-one*: panoptica pairs lesions by their Dice; what merges two
lesions or splits one is counted against.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_NEIGHBOURS = np.ones((3, 3, 3))  # 26

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class LesionScore:
    """Lesion-wise agreement; ``None`` where there is nothing to count.

    Attributes
    ----------
    drawn, found : int
        Numbers of lesions.
    recall, precision, f1 : float or None
        ``f1`` is 0 where lesions were drawn and none found, ``None`` where none was drawn.
    """

    drawn: int
    found: int
    recall: float | None
    precision: float | None
    f1: float | None


def by_overlap(drawn: Mask, found: Mask) -> LesionScore:
    """Score by the rule of the WMH Segmentation Challenge 2017.

    Parameters
    ----------
    drawn, found : (X, Y, Z) ndarray of bool
    """
    lesions, touched = _touched(drawn, found)
    claims, right = _touched(found, drawn)
    return _score(lesions, claims, touched, right)


def one_to_one(drawn: Mask, found: Mask, settings: dict[str, Any]) -> LesionScore | None:
    """Score by panoptica; ``None`` where it is not installed.

    Parameters
    ----------
    drawn, found : (X, Y, Z) ndarray of bool
    settings : dict
        ``one_to_one`` of ``configs/evaluation.yaml``.
    """
    try:
        import panoptica  # noqa: PLC0415 (optional, and slow to import)
        from panoptica.utils.citation_reminder import disable_citation_reminder  # noqa: PLC0415
    except ImportError:
        return None
    disable_citation_reminder()  # it prints; the documentation and every summary cite it
    metric = panoptica.Metric[settings["metric"]]
    evaluator = panoptica.Panoptica_Evaluator(
        panoptica.InputType.SEMANTIC,
        panoptica.ConnectedComponentsInstanceApproximator(),
        panoptica.NaiveThresholdMatching(metric, settings["threshold"]),
        instance_metrics=[metric],
        global_metrics=[],
    )
    answer = evaluator.evaluate(found.astype(np.uint8), drawn.astype(np.uint8), result_all=False)
    pairs = answer["ungrouped"]
    lesions, claims = pairs.tp + pairs.fn, pairs.tp + pairs.fp
    return _score(lesions, claims, pairs.tp, pairs.tp)


def _touched(masks: Mask, others: Mask) -> tuple[int, int]:
    """Count the components of ``masks``, and those that share a voxel with ``others``."""
    parts, count = ndimage.label(masks, _NEIGHBOURS)
    return count, len(np.unique(parts[others & masks]))


def _score(lesions: int, claims: int, touched: int, right: int) -> LesionScore:
    recall = touched / lesions if lesions else None
    precision = right / claims if claims else None
    return LesionScore(lesions, claims, recall, precision, _f1(recall, precision))


def _f1(recall: float | None, precision: float | None) -> float | None:
    if recall is None:
        return None
    if not recall or not precision:
        return 0.0
    return 2 * recall * precision / (recall + precision)
