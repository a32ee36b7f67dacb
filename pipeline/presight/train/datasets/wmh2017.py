"""WMH Segmentation Challenge 2017."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from presight.train.datasets.case import Case
from presight.train.datasets.dataset import Dataset

_PARTS = {"training", "test", "public"}


class Wmh2017(Dataset):
    """``[training|test/]SITE[/SCANNER]/ID/{orig/FLAIR.nii.gz,wmh.nii.gz}``.

    The original FLAIR is read, on whose grid the lesions were drawn, not the one of ``pre``, whose
    bias field was corrected. What further observers drew (``additional_annotations``) is left out.
    """

    name = "wmh2017"
    layout = "SITE/ID/orig/FLAIR.nii.gz beside SITE/ID/wmh.nii.gz"

    def _find(self, folder: Path, workspace: Path) -> Iterator[Case]:
        for flair in folder.rglob("orig/FLAIR.nii.gz"):
            home = flair.parent.parent
            site = _site(home.relative_to(folder).parts[:-1]) or folder.name
            name = f"{site}_{home.name}"
            yield self._case(name, name, site, flair, [home / "wmh.nii.gz"])


def _site(parts: tuple[str, ...]) -> str:
    """Hospital and scanner: ``Philips_VU .PETMR_01.`` is called ``Philips_VU``."""
    return "_".join(part.split(" ")[0] for part in parts if part not in _PARTS)
