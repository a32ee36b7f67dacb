"""Brain and regions: by the network where its answer can be true, else by registration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from presight.config import model_path
from presight.errors import InputError
from presight.preprocess.anatomy import Anatomy
from presight.preprocess.anatomy_bundle import AnatomyNetwork, load_anatomy_network
from presight.preprocess.atlas import load_atlas
from presight.preprocess.fit import fit_atlas
from presight.preprocess.plausible import implausible
from presight.preprocess.register import register_atlas
from presight.segment.device import select_device
from presight.study.resample import resample
from presight.study.volume import Volume

if TYPE_CHECKING:
    import torch


def find_anatomy(flair: Volume, settings: dict[str, Any], device: str = "auto") -> Anatomy:
    """Brain and regions of a FLAIR on the working grid.

    Parameters
    ----------
    flair : Volume
    settings : dict
        ``configs/preprocess.yaml``.
    device : str
        As in :func:`presight.segment.device.select_device`.

    Raises
    ------
    InputError
        There is no head in the image.
    """
    if settings["anatomy"]["method"] == "registration":
        return by_registration(flair, settings)
    model = load_anatomy_network(model_path(settings["anatomy"]["bundle"]), device)
    found = by_network(flair, model, settings, select_device(device))
    return found if isinstance(found, Anatomy) else by_registration(flair, settings, found)


def by_network(
    flair: Volume, model: AnatomyNetwork, settings: dict[str, Any], device: torch.device
) -> Anatomy | str:
    """Regions from the network, or the reason why they cannot be true."""
    from presight.preprocess.anatomy_network import find_labels  # noqa: PLC0415 (imports torch)

    labels = _largest_part(find_labels(flair.data, model, device))
    fit = fit_atlas(labels, flair.grid)
    reason = implausible(labels, flair.grid, fit, settings["anatomy"]["plausible"])
    if reason or fit is None:
        return reason or "no regions were found"
    labels = np.where(flair.data > 0, labels, 0)
    tissue = _of_atlas("tissue", fit.to_atlas, flair)
    tissue = np.where(labels > 0, np.maximum(tissue, 1), 0).astype(np.uint8)
    return Anatomy(labels, tissue, fit.to_atlas, f"brain and regions from {model.id}")


def by_registration(flair: Volume, settings: dict[str, Any], instead: str = "") -> Anatomy:
    """Regions of the atlas, registered to the head.

    Parameters
    ----------
    instead : str
        Why the network's answer was not taken; empty where it was not asked.

    Raises
    ------
    InputError
        There is no head in the image.
    """
    found = register_atlas(flair, load_atlas(), settings["registration"]).transform
    labels, tissue = (_of_atlas(name, found, flair) for name in ("labels", "tissue"))
    there = (labels > 0) & (flair.data > 0)  # a stripped skull leaves zeros, which are not brain
    if not there.any():
        raise InputError(
            "no head was found in the image",
            where=flair.source,
            expected="a FLAIR of the whole head",
            action="Look at the image and its orientation in a viewer",
        )
    method = (
        "brain and regions from a multi-start affine registration of MNI152 and the "
        "Desikan-Killiany atlas"
    )
    doubt = (
        f"The network's brain and regions were not believed ({instead}); they come from a "
        "registration of the atlas instead."
    )
    return Anatomy(
        np.where(there, labels, 0),
        np.where(there, tissue, 0),
        found,
        method,
        doubt if instead else "",
    )


def _of_atlas(name: str, to_atlas: sitk.AffineTransform, flair: Volume) -> NDArray[np.uint8]:
    atlas = load_atlas()
    values: NDArray[np.uint8] = resample(
        getattr(atlas, name), atlas.grid, flair.grid, nearest=True, transform=to_atlas
    )
    return values


def _largest_part(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Labels of the largest connected piece of brain."""
    parts = sitk.RelabelComponent(
        sitk.ConnectedComponent(sitk.GetImageFromArray((labels > 0).astype(np.uint8)))
    )
    return np.where(sitk.GetArrayViewFromImage(parts) == 1, labels, 0).astype(np.uint8)
