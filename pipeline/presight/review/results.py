"""The results folder as the desk sees it: studies, their images and what was said of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from presight.errors import InputError
from presight.report.brains import ENDINGS
from presight.review.chain import sha256

_ASSESSMENT = "_desc-presight_assessment.json"
_LARGEST_JSON = 64 * 2**20
IMAGES = {
    **{contrast.value: f"space-orig_{ending}.nii.gz" for contrast, ending in ENDINGS.items()},
    "prior": "space-orig_desc-prior_FLAIR.nii.gz",
    "prior_mask": "space-orig_label-L_desc-prior_mask.nii.gz",
    "mask": "space-orig_label-L_desc-hyperintensity_mask.nii.gz",
    "probability": "space-orig_label-L_desc-hyperintensity_probseg.nii.gz",
    "uncertainty": "space-orig_label-L_desc-uncertainty_map.nii.gz",
    "anatomy": "space-orig_desc-anatomy_dseg.nii.gz",
    "brain": "space-orig_desc-brain_mask.nii.gz",
    "change": "space-orig_desc-change_dseg.nii.gz",
}
_NOT_SHOWN = {  # the same regions on other voxels, to measure with
    "working_anatomy": "space-orig_res-working_desc-anatomy_dseg.nii.gz",
}
_TEXTS = {
    "assessment": "desc-presight_assessment.json",
    "findings": "desc-presight_findings.json",
    "clinical": "desc-presight_clinical.json",
    "change_report": "desc-presight_change.json",
    "prior_findings": "desc-prior_findings.json",
}


@dataclass(frozen=True)
class StudyFolder:
    """The files of one study of a results folder; none of them is ever changed from here.

    Attributes
    ----------
    results : Path
        The results folder.
    folder : Path
        Where the files of the study are.
    name : str
        What their names begin with: ``sub-01_ses-02``.
    """

    results: Path
    folder: Path
    name: str

    def path(self, which: str) -> Path | None:
        """Path of an image or a text by its name here, ``None`` where the study has none.

        A link that leads out of the results folder leads nowhere.
        """
        ending = (IMAGES | _NOT_SHOWN | _TEXTS)[which]
        path = (self.folder / f"{self.name}_{ending}").resolve()
        inside = path.is_relative_to(self.results.resolve())
        return path if inside and path.is_file() else None

    @property
    def images(self) -> list[str]:
        """Names of the images that are there."""
        return [name for name in IMAGES if self.path(name)]

    @cached_property
    def assessment(self) -> dict[str, Any]:
        """What the pipeline said of the study."""
        return self.read_json("assessment") or {}

    @cached_property
    def findings(self) -> dict[str, Any]:
        """What it measured."""
        return self.read_json("findings") or {}

    def read_json(self, which: str) -> dict[str, Any] | None:
        """Read one of the texts of the study, ``None`` where it has none.

        Raises
        ------
        InputError
            The file is damaged.
        """
        path = self.path(which)
        if path is None:
            return None
        try:
            if path.stat().st_size > _LARGEST_JSON:
                raise ValueError("it is too large")
            content = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(content, dict):
                raise ValueError("it is no table")
        except (OSError, ValueError) as error:
            raise InputError(
                f"the {which} of the study cannot be read",
                action="Delete the study's folder and run it again",
            ) from error
        return content

    def hashes(self) -> dict[str, str]:
        """Sha256 of what a reviewer is shown: the assessment, the findings and the outline."""
        shown = ("assessment", "findings", "mask")
        return {name: sha256(path.read_bytes()) for name in shown if (path := self.path(name))}

    def versions(self) -> dict[str, Any]:
        """Say what made the result."""
        made_by = self.assessment.get("provenance", {})
        return {name: made_by.get(name) for name in ("presight", "bundle", "fingerprint")}


def find_studies(results: Path) -> Iterator[tuple[StudyFolder, str]]:
    """Yield every complete study with a stamp that changes when its result does.

    Raises
    ------
    InputError
        There is no such folder.
    """
    if not results.is_dir():
        raise InputError(
            "there is no such folder", where=results, action="Give the --out folder of a run"
        )
    for path in results.glob(f"sub-*/**/anat/*{_ASSESSMENT}"):
        facts = path.stat()
        study = StudyFolder(results, path.parent, path.name.removesuffix(_ASSESSMENT))
        yield study, f"{facts.st_size} {facts.st_mtime_ns}"
