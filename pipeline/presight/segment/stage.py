"""Stage 2: where is the FLAIR hyperintense, and how sure is that."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.preprocess.prepared import Prepared
from presight.segment.bundle import Bundle, Settings
from presight.segment.device import select_device
from presight.segment.lesions import Lesions
from presight.segment.traits import measure_traits
from presight.segment.trust import expected_dice, judge
from presight.study.resample import resample
from presight.study.volume import Grid


def segment(prepared: Prepared, bundle: Bundle, device: str = "auto") -> Lesions:
    """Find hyperintensity.

    The network sees the head and its left-right mirror image; the two answers are averaged, so
    a mirrored scan gives exactly the mirrored result. On the CPU the same input gives the same
    bytes.

    Parameters
    ----------
    prepared : Prepared
    bundle : Bundle
        Network and settings.
    device : str
        As in :func:`presight.segment.device.select_device`.

    Returns
    -------
    Lesions
        On ``prepared.native``. Uncertainty is the larger of the predictive entropy (in bits) and
        the disagreement between the two answers.

    Raises
    ------
    ConfigError
        The device is not there.
    """
    from presight.segment.predict import predict  # noqa: PLC0415 (torch takes a second)

    where = select_device(device)
    direct, mirrored = predict(prepared.flair.data, prepared.brain, bundle, where)
    probability: NDArray[np.float32] = (direct + mirrored) / np.float32(2)
    disagreement: NDArray[np.float32] = np.abs(direct - mirrored)
    with ThreadPoolExecutor(max_workers=1) as beside:
        uncertainty = beside.submit(_uncertainty, probability, disagreement, prepared)
        native = _to_native(probability, prepared)
        mask = lesion_mask(native, prepared.native, bundle.settings)
        traits = measure_traits(prepared.flair.data, prepared.brain, prepared.anatomy)
    return Lesions(
        probability=native,
        mask=mask,
        uncertainty=uncertainty.result(),
        grid=prepared.native,
        model=bundle.id,
        trust=judge(traits, expected_dice(native, mask), bundle.settings.trust),
    )


def lesion_mask(
    probability: NDArray[np.float32], grid: Grid, settings: Settings
) -> NDArray[np.bool_]:
    """Voxels at or above the threshold, without specks and small pieces that are unsure on average.

    An outline reaches to where lesion is as likely as not, or less; whether a small piece is a
    lesion at all is another question. One threshold for both finds false pieces or draws true
    ones small.

    Parameters
    ----------
    probability : (X, Y, Z) ndarray
        On ``grid``.
    grid : Grid
    settings : Settings
        Threshold; the smallest volume of a lesion (26-neighbourhood); and the mean probability that
        one under ``small_lesion_ml`` needs.

    Returns
    -------
    (X, Y, Z) ndarray of bool
    """
    mask: NDArray[np.bool_] = probability >= settings.threshold
    for box in ndimage.find_objects(mask.view(np.uint8)):  # one around all of it, or none
        parts, count = ndimage.label(mask[box], np.ones((3, 3, 3)))
        volumes_ml = np.bincount(parts.ravel(), minlength=count + 1) * grid.voxel_ml
        means = np.asarray(ndimage.mean(probability[box], parts, range(1, count + 1)))
        keep = volumes_ml >= settings.smallest_lesion_mm3 / 1000
        keep[1:] &= (volumes_ml[1:] >= settings.small_lesion_ml) | (
            means >= settings.small_lesion_mean
        )
        keep[0] = False
        mask[box] = keep[parts]
    return mask


def _uncertainty(
    probability: NDArray[np.float32], disagreement: NDArray[np.float32], prepared: Prepared
) -> NDArray[np.float32]:
    return _to_native(np.maximum(_entropy_bits(probability), disagreement), prepared)


def _to_native(values: NDArray[np.float32], prepared: Prepared) -> NDArray[np.float32]:
    if prepared.native.matches(prepared.flair.grid):
        return values
    return np.clip(resample(values, prepared.flair.grid, prepared.native), 0, 1)


def _entropy_bits(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    bits = np.zeros_like(probability)
    seen = probability > 0  # elsewhere, and that is most of the image, the logarithm is for nothing
    inside = np.clip(probability[seen], 1e-7, 1 - 1e-7)
    bits[seen] = -(inside * np.log2(inside) + (1 - inside) * np.log2(1 - inside))
    return bits
