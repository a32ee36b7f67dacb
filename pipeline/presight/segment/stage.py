"""Stage 2: where is the FLAIR hyperintense, and how sure is that."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from presight.preprocess.prepared import Prepared
from presight.segment.bundle import Bundle
from presight.segment.device import select_device
from presight.segment.lesions import Lesions
from presight.segment.mask import lesion_mask
from presight.segment.traits import measure_traits
from presight.segment.trust import expected_dice, judge
from presight.study.resample import resample


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
    with ThreadPoolExecutor(max_workers=1) as beside:
        scan = beside.submit(_scan_on_native, prepared)
        direct, mirrored = predict(prepared.flair.data, prepared.brain, bundle, where)
        probability: NDArray[np.float32] = (direct + mirrored) / np.float32(2)
        disagreement: NDArray[np.float32] = np.abs(direct - mirrored)
        uncertainty = beside.submit(_uncertainty, probability, disagreement, prepared)
        native = _to_native(probability, prepared)
        mask = lesion_mask(native, *scan.result(), prepared.native, bundle.settings)
        traits = measure_traits(prepared.flair.data, prepared.brain, prepared.anatomy)
    return Lesions(
        probability=native,
        mask=mask,
        uncertainty=uncertainty.result(),
        grid=prepared.native,
        model=bundle.id,
        trust=judge(traits, expected_dice(native, mask), bundle.settings.trust),
    )


def _uncertainty(
    probability: NDArray[np.float32], disagreement: NDArray[np.float32], prepared: Prepared
) -> NDArray[np.float32]:
    return _to_native(np.maximum(_entropy_bits(probability), disagreement), prepared)


def _scan_on_native(prepared: Prepared) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    image, brain, grid = prepared.flair.data, prepared.brain, prepared.flair.grid
    if prepared.native.matches(grid):
        return image, brain
    seen = resample(brain.astype(np.uint8), grid, prepared.native, nearest=True)
    return resample(image, grid, prepared.native), seen > 0


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
