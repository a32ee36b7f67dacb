"""Augmentations that MONAI does not have: thick slices, a stripped skull, ghosts of motion."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.transforms import MapTransform, RandomizableTransform
from torch.nn import functional

Sample = dict[Hashable, torch.Tensor]


class RandThickSlicesd(RandomizableTransform, MapTransform):
    """Average slices along one axis and interpolate back, as a thick 2-D acquisition looks at 1 mm.

    Parameters
    ----------
    keys : str or sequence of str
        Images, (1, X, Y, Z).
    prob : float
    thickness : (int, int)
        Range of the slice thickness, voxels, both ends included.
    """

    def __init__(self, keys: Any, prob: float, thickness: tuple[int, int]) -> None:
        MapTransform.__init__(self, keys)
        RandomizableTransform.__init__(self, prob)
        self.thickness = thickness

    def randomize(self, data: Any) -> None:
        """Draw whether, which axis, how thick, and where the first slice begins."""
        super().randomize(data)
        self._axis = int(self.R.randint(3))
        self._size = int(self.R.randint(self.thickness[0], self.thickness[1] + 1))
        self._first = int(self.R.randint(self._size))

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Apply to every key."""
        self.randomize(None)
        result = dict(data)
        if self._do_transform:
            for key in self.key_iterator(result):
                result[key] = _thicken(result[key], self._axis, self._size, self._first)
        return result


class RandSkullStripd(RandomizableTransform, MapTransform):
    """Set everything outside the (sometimes generous) brain mask to 0.

    Parameters
    ----------
    keys : str or sequence of str
        Images, (1, X, Y, Z).
    prob : float
    brain_key : str
        Brain mask, (1, X, Y, Z).
    dilation : int
        Largest number of voxels that the mask is grown by.
    """

    def __init__(self, keys: Any, prob: float, brain_key: str, dilation: int) -> None:
        MapTransform.__init__(self, keys)
        RandomizableTransform.__init__(self, prob)
        self.brain_key, self.dilation = brain_key, dilation

    def randomize(self, data: Any) -> None:
        """Draw whether, and how generous the mask is."""
        super().randomize(data)
        self._grow = int(self.R.randint(self.dilation + 1))

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Apply to every key."""
        self.randomize(None)
        result = dict(data)
        if self._do_transform:
            brain = _grown(result[self.brain_key], self._grow)
            for key in self.key_iterator(result):
                result[key] = result[key] * brain
        return result


class RandMotionGhostd(RandomizableTransform, MapTransform):
    """Add a faint shifted copy along one axis, as pulsation or a moving head leaves.

    Parameters
    ----------
    keys : str or sequence of str
        Images, (1, X, Y, Z).
    prob : float
    strength : (float, float)
        Range of the ghost's intensity, as a share of the image's.
    """

    def __init__(self, keys: Any, prob: float, strength: tuple[float, float]) -> None:
        MapTransform.__init__(self, keys)
        RandomizableTransform.__init__(self, prob)
        self.strength = strength

    def randomize(self, data: Any) -> None:
        """Draw whether, which axis, how far as a share of the width, and how strong."""
        super().randomize(data)
        self._axis = int(self.R.randint(3))
        self._shift = float(self.R.uniform(0.1, 0.5))
        self._share = float(self.R.uniform(*self.strength))

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Apply to every key."""
        self.randomize(None)
        result = dict(data)
        if self._do_transform:
            for key in self.key_iterator(result):
                result[key] = self._ghosted(result[key])
        return result

    def _ghosted(self, image: torch.Tensor) -> torch.Tensor:
        shift = round(self._shift * image.shape[self._axis + 1])
        ghost = torch.roll(image, (shift, -shift)[self._axis % 2], dims=self._axis + 1)
        return (1 - self._share) * image + self._share * ghost


class RandContrastAroundOned(RandomizableTransform, MapTransform):
    """Stretch or squeeze the distance from 1, the commonest brain intensity, and change the gain.

    Parameters
    ----------
    keys : str or sequence of str
        Images, (1, X, Y, Z).
    prob : float
    contrast, gain : (float, float)
        Ranges of the two factors.
    """

    def __init__(
        self, keys: Any, prob: float, contrast: tuple[float, float], gain: tuple[float, float]
    ) -> None:
        MapTransform.__init__(self, keys)
        RandomizableTransform.__init__(self, prob)
        self.contrast, self.gain = contrast, gain

    def randomize(self, data: Any) -> None:
        """Draw whether, and both factors."""
        super().randomize(data)
        self._contrast = float(self.R.uniform(*self.contrast))
        self._gain = float(self.R.uniform(*self.gain))

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Apply to every key; background stays background."""
        self.randomize(None)
        result = dict(data)
        if self._do_transform:
            for key in self.key_iterator(result):
                image = result[key]
                stretched = (1 + self._contrast * (image - 1)).clamp(min=0) * self._gain
                result[key] = torch.where(image > 0, stretched, image)
        return result


def _thicken(image: torch.Tensor, axis: int, size: int, first: int) -> torch.Tensor:
    """Mean of ``size`` slices each, beginning at ``first``, linear in between."""
    moved = torch.movedim(image[0], axis, -1)
    width = moved.shape[-1]
    rows = moved.reshape(1, -1, width)
    padded = functional.pad(rows, (size - first, 2 * size), mode="replicate")
    slices = functional.avg_pool1d(padded, size, stride=size)
    fine = functional.interpolate(slices, scale_factor=float(size), mode="linear")
    start = size - first
    return torch.movedim(fine[0, :, start : start + width].reshape(moved.shape), -1, axis)[None]


def _grown(mask: torch.Tensor, voxels: int) -> torch.Tensor:
    mask = (mask > 0.5).to(torch.float32)
    if voxels == 0:
        return mask
    for axis in range(3):  # one axis after the other: a cube, at a fraction of the cost
        width, margin = [1, 1, 1], [0, 0, 0]
        width[axis], margin[axis] = 2 * voxels + 1, voxels
        mask = functional.max_pool3d(mask, width, stride=1, padding=margin)
    return mask
