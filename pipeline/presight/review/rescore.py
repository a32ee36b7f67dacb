"""Measure and score a study anew after a person edited its outline or a clinical value.

It works from what the run left: the brain of the FLAIR, the regions, the ADC. The regions are those
of the run, label by label; but without the skull even the outline of the run can measure a little
differently elsewhere. Therefore both outlines are measured on what was kept, and only what differs
between the two counts as a consequence of the edit: everything else stays as the run said it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from numpy.typing import NDArray
from pydantic import ValidationError

from presight.config import load_config, overridden
from presight.errors import ClinicalError, InputError
from presight.follow_up.comparison import ChangeReport, judge
from presight.measure import Findings, measure
from presight.measure.background import background
from presight.measure.gradings import gradings
from presight.preprocess import Prepared
from presight.preprocess.conform import conform
from presight.review.masks import Mask, difference, read_outline
from presight.review.results import StudyFolder
from presight.score import Assessment, assess
from presight.segment.lesions import Lesions
from presight.study import ClinicalRecord, Contrast
from presight.study.resample import resample
from presight.study.volume import Grid, Volume

_OURS = ("setting", "without", "days_since_prior")
_SAME = 1e-6


@dataclass(frozen=True)
class Reassessed:
    """A study measured and scored anew."""

    clinical: ClinicalRecord
    findings: Findings
    assessment: Assessment


def reassess(
    study: StudyFolder, *, mask: Mask | None = None, changes: Mapping[str, Any] | None = None
) -> Reassessed:
    """Measure and score a study with an edited outline, edited clinical values, or both.

    Parameters
    ----------
    study : StudyFolder
    mask : (X, Y, Z) ndarray of bool, optional
        On the grid of the study's own outline; its own if not given.
    changes : mapping, optional
        Fields of the clinical record with their new values; ``None`` makes one unknown.

    Raises
    ------
    InputError
        The study cannot be scored here as it was in its run, or files are missing.
    ClinicalError
        A value cannot be true.
    """
    record, found = _record(study), _findings(study)
    with _settings_of(study):
        _check_same(study, _score(study, found, record))
        edited = _edited(record, changes or {})
        if mask is not None:
            found = _measured(study, mask, found)
        found = _expected_anew(found, edited)
        return Reassessed(edited, found, _score(study, found, edited))


def kept_images(study: StudyFolder) -> Prepared:
    """Read the images that the run kept, on the working grid.

    Regions that an earlier version kept on the slices of the FLAIR alone are carried over from
    there: good enough to look at, not to count (see :func:`reassess`).

    Raises
    ------
    InputError
        One is missing or damaged.
    """
    data, native = _image(study, "flair")
    with _settings_of(study):
        spacing_mm = load_config("preprocess.yaml")["spacing_mm"]
    flair = conform(Volume(data, native, Contrast.FLAIR), spacing_mm)
    anatomy = _anatomy(study, flair.grid)
    others: dict[Contrast, Volume] = {}
    if study.path("adc"):
        adc = resample(_image(study, "adc")[0], native, flair.grid)
        others[Contrast.ADC] = Volume(adc, flair.grid, Contrast.ADC)
    return Prepared(
        flair=flair,
        brain=anatomy > 0,  # so it was in the run, too
        anatomy=anatomy,
        others=others,
        native=native,
        steps=("from the kept brain of the FLAIR",),
        quality=(),
    )


def _anatomy(study: StudyFolder, working: Grid) -> NDArray[np.uint8]:
    if study.path("working_anatomy") is None:
        slices, native = _image(study, "anatomy")
        return resample(slices.astype(np.uint8), native, working, nearest=True)
    labels, grid = _image(study, "working_anatomy")
    if not grid.matches(working):
        raise _another_version()
    return labels.astype(np.uint8)


def kept_lesions(study: StudyFolder, mask: Mask) -> Lesions:
    """Read the maps that the run kept, with the outline that stands.

    Raises
    ------
    InputError
        One is missing or damaged.
    """
    probability, grid = _image(study, "probability")
    uncertainty = np.zeros_like(probability)
    if study.path("uncertainty"):
        uncertainty = _image(study, "uncertainty")[0] / np.float32(100)  # kept as a percentage
    return Lesions(probability, mask, uncertainty, grid, model="edited by a person")


def own_outline(study: StudyFolder) -> tuple[Mask, Grid]:
    """Read the outline of the run.

    Raises
    ------
    InputError
        It is not there.
    """
    path = study.path("mask")
    if path is None:
        raise InputError("the outline of the study is missing", action="Run the study again")
    return read_outline(path)


def _findings(study: StudyFolder) -> Findings:
    try:
        return Findings.model_validate(study.findings)
    except ValidationError as error:
        raise _another_version() from error


def _another_version() -> InputError:
    return InputError(
        "the result was made by another version of presight, so it cannot be scored anew",
        action="Run the study again with this version",
    )


def _record(study: StudyFolder) -> ClinicalRecord:
    content = study.read_json("clinical")
    if content is None:
        raise InputError(
            "the clinical record of the study was not kept, so it cannot be scored anew",
            action="Run the study again with this version of presight",
        )
    try:
        return ClinicalRecord.model_validate(content)
    except ValidationError as error:
        raise _another_version() from error


def _settings_of(study: StudyFolder) -> AbstractContextManager[None]:
    settings = study.assessment["provenance"]["settings"]
    return overridden({name: value for name, value in settings.items() if name not in _OURS})


def _score(study: StudyFolder, findings: Findings, record: ClinicalRecord) -> Assessment:
    settings = study.assessment["provenance"]["settings"]
    return assess(
        findings,
        record,
        without=settings.get("without", ()),
        setting=settings.get("setting"),
        previous=_previous(study),
    )


def _previous(study: StudyFolder) -> Findings | None:
    """Read the findings of the prior study, where the run compared with one."""
    content = study.read_json("prior_findings")
    try:
        return None if content is None else Findings.model_validate(content)
    except ValidationError as error:
        raise _another_version() from error


def _check_same(study: StudyFolder, again: Assessment) -> None:
    """Make sure that nothing but the edit will change the answer."""
    before = study.assessment["classification"]["probabilities"]
    now = again.classification.probabilities
    if any(abs(now[label] - before[label]) > _SAME for label in now):
        raise InputError(
            "this presight does not score the study as the run did, so an edit cannot be told "
            "from the other differences",
            expected="the version and the prior study that the result was made with",
            action="Run the study again",
        )


def _edited(record: ClinicalRecord, changes: Mapping[str, Any]) -> ClinicalRecord:
    for name, value in changes.items():
        _check_range(name, value)
    for drug in changes.get("drugs") or ():
        if isinstance(drug, Mapping):
            _check_range(f"{drug.get('name')}_ng_ml", drug.get("level_ng_ml"))
    try:
        return ClinicalRecord.model_validate({**record.model_dump(), **changes})
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise ClinicalError(
            "the value cannot be understood", where=field, expected="one of the same kind"
        ) from error


def _check_range(name: str, value: object) -> None:
    """Refuse what the clinical table would refuse: typing errors, not abnormal values."""
    entry = load_config("clinical.yaml")["fields"].get(name, {})
    if "range" not in entry or not isinstance(value, int | float) or isinstance(value, bool):
        return
    low, high = entry["range"]
    if not low <= value <= high:
        raise ClinicalError(
            f"the value cannot be true ({value:g})", where=name, expected=f"{low:g} to {high:g}"
        )


def _measured(study: StudyFolder, mask: Mask, before: Findings) -> Findings:
    """Put what the edited outline moves into the findings of the run.

    An earlier version counted regions on slices, all of them a little otherwise than this one.
    """
    if study.path("working_anatomy") is None:
        raise _not_kept("anatomy on the working grid")
    own = _measured_again(study, study.hashes()["assessment"])
    edited = _measure(study, mask).model_dump()
    taken_over = load_config("review.yaml")["taken_over"]
    moved = {
        name for name, value in edited.items() if value != own[name] and name not in taken_over
    }
    if not moved:
        return before
    told = {"expected_dice": None, "change": _change(study, mask, before)}
    fields = before.model_dump() | {name: edited[name] for name in moved} | told
    return Findings.model_validate(fields)


def _change(study: StudyFolder, mask: Mask, before: Findings) -> str | None:
    """Judge the change since the prior scan anew: what a person adds has grown, in their eyes."""
    content = study.read_json("change_report")
    if content is None:
        return before.change
    report = ChangeReport.model_validate(content)
    own, grid = own_outline(study)
    edit = difference(own, mask, grid)
    volume_ml = dict(report.volume_ml)
    volume_ml["grown"] += edit.added_ml
    volume_ml["shrunk"] += edit.removed_ml
    after_ml = report.after_ml + edit.added_ml - edit.removed_ml
    errors = report.error_ml, report.confirmed_error_ml
    return judge(report.before_ml, after_ml, volume_ml, *errors)


@lru_cache(maxsize=64)
def _measured_again(study: StudyFolder, _assessment: str) -> Mapping[str, Any]:
    """Measure the run's own outline on what was kept; once a result."""
    return _measure(study, own_outline(study)[0]).model_dump()


def _measure(study: StudyFolder, mask: Mask) -> Findings:
    return measure(kept_images(study), kept_lesions(study, mask))


def _expected_anew(found: Findings, record: ClinicalRecord) -> Findings:
    """Compare the load with what age and kidneys let expect: both may have been edited."""
    if found.background is None:
        return found
    expected = background(found.background.load_ml, record)
    return found.model_copy(update={"background": expected, "gradings": gradings(expected)})


def _image(study: StudyFolder, name: str) -> tuple[NDArray[np.float32], Grid]:
    path = study.path(name)
    if path is None:
        raise _not_kept(name)
    try:
        image: Any = nib.load(path)
        x, y, z = image.shape[:3]
        grid = Grid((x, y, z), np.asarray(image.affine, dtype=np.float64))
        return np.asanyarray(image.dataobj).reshape(grid.shape).astype(np.float32), grid
    except (ImageFileError, OSError, EOFError, zlib.error, ValueError) as error:
        raise InputError(f"the study's {name} is damaged", action="Run it again") from error


def _not_kept(name: str) -> InputError:
    return InputError(
        f"the study's {name} was not kept, so an edited outline cannot be measured",
        action="Run the study again with this version of presight (run --no-resume)",
    )
