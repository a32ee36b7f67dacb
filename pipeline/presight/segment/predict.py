"""Run the network over a head, once as it is and once mirrored."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
import torch
from numpy.typing import NDArray
from scipy import ndimage

from presight.segment.bundle import Bundle, Settings
from presight.segment.device import autocast, tiny_numbers_as_zero

Box = tuple[slice, ...]


def predict(
    image: NDArray[np.float32], brain: NDArray[np.bool_], bundle: Bundle, device: torch.device
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give the probability of hyperintensity, from the head as it is and from its mirror image.

    The box around the brain goes through the network in one piece: on two cores that is several
    times faster than a sliding window, which is used only for a box beyond the size bound.

    Parameters
    ----------
    image : (X, Y, Z) ndarray
        1 mm RAS+, commonest brain intensity 1. The first axis is the one that is mirrored.
    brain : (X, Y, Z) ndarray of bool
    bundle : Bundle
    device : torch.device

    Returns
    -------
    direct, mirrored : (X, Y, Z) ndarray of float32
        Both in the orientation of ``image``; 0 outside the slightly dilated brain.
    """
    settings = bundle.settings
    box = _box(brain, settings.box_margin_mm)
    near = _dilate(brain[box], settings.brain_dilation_mm)
    inside = torch.from_numpy(np.ascontiguousarray(image[box], dtype=np.float32))
    with tiny_numbers_as_zero():
        direct = _forward(inside, bundle, device)
        mirrored = _forward(inside.flip(0), bundle, device).flip(0)
    return _placed(direct, near, box, brain.shape), _placed(mirrored, near, box, brain.shape)


def _forward(image: torch.Tensor, bundle: Bundle, device: torch.device) -> torch.Tensor:
    """Probability of one box, (X, Y, Z)."""
    settings = bundle.settings
    clipped = image.clamp(*settings.intensity_clip)
    padded = _padded(clipped, settings.size_multiple)[None, None].to(device)
    network = bundle.network.to(device)
    with torch.inference_mode(), autocast(device):
        logits = _logits(padded.to(memory_format=torch.channels_last_3d), network, settings)
    x, y, z = image.shape
    return torch.sigmoid(logits[0, 0, :x, :y, :z].float() / settings.temperature).cpu()


def _logits(image: torch.Tensor, network: torch.nn.Module, settings: Settings) -> torch.Tensor:
    if image.numel() <= settings.largest_box_voxels:
        whole: torch.Tensor = network(image)
        return whole
    from monai.inferers import sliding_window_inference  # noqa: PLC0415 (as in bundle.py)

    window = (settings.window_mm,) * 3
    parts: torch.Tensor = sliding_window_inference(
        image, window, 1, network, overlap=settings.window_overlap, mode="gaussian"
    )
    return parts


def _padded(image: torch.Tensor, multiple: int) -> torch.Tensor:
    """Zeros at the far ends, up to a multiple of the network's size, and to two of them at least.

    Of one multiple the deepest layer has one voxel left, and there a bfloat16 convolution of
    torch's for the CPU reads memory that is not its own: another answer every time.
    """
    missing = [max(-width % multiple, 2 * multiple - width) for width in image.shape]
    return torch.nn.functional.pad(image, (0, missing[2], 0, missing[1], 0, missing[0]))


def _box(brain: NDArray[np.bool_], margin: int) -> Box:
    """Box around the brain; the whole image where there is none."""
    found = ndimage.find_objects(brain.astype(np.uint8))
    if not found:
        return tuple(slice(0, width) for width in brain.shape)
    return tuple(
        slice(max(0, side.start - margin), min(width, side.stop + margin))
        for side, width in zip(found[0], brain.shape, strict=True)
    )


def _dilate(brain: NDArray[np.bool_], voxels: int) -> NDArray[np.bool_]:
    if voxels == 0 or not brain.any():
        return brain
    grown = sitk.BinaryDilate(sitk.GetImageFromArray(brain.astype(np.uint8)), [voxels] * 3)
    near: NDArray[np.bool_] = sitk.GetArrayFromImage(grown) > 0
    return near


def _placed(
    answer: torch.Tensor, near: NDArray[np.bool_], box: Box, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    whole = np.zeros(shape, dtype=np.float32)
    np.copyto(whole[box], answer.numpy(), where=near)
    return whole
