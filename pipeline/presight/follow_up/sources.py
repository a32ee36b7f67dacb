"""Where a time point comes from: what an earlier run left behind, or a FLAIR that is run now."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from numpy.typing import NDArray
from pydantic import ValidationError

from presight.dicom.inputs import find_all
from presight.errors import InputError
from presight.follow_up.time_point import GIVEN, TimePoint
from presight.measure import Findings, measure
from presight.preprocess import Prepared, preprocess, to_native
from presight.preprocess.native import flat_flair, native_adc
from presight.report.derivatives import StudyFiles, study_files
from presight.segment import Bundle, segment
from presight.segment.lesions import Lesions
from presight.study import Contrast, Study, StudyInput, load_study
from presight.study.days import UNORDERED, day_of
from presight.study.nifti import read_nifti
from presight.study.volume import Grid, Volume

_ASSESSMENT = "_desc-presight_assessment.json"
_STEM = re.compile(r"sub-(?P<subject>[A-Za-z0-9]+)(?:_ses-(?P<session>[A-Za-z0-9]+))?_desc-")


@dataclass(frozen=True)
class Source:
    """One scan to follow: an earlier result, or images to run.

    Attributes
    ----------
    files : StudyInput
        Subject and session; for an earlier result its FLAIR is the derivative.
    results : Path or None
        Folder of the run that left the result; ``None`` for images to run.
    """

    files: StudyInput
    results: Path | None = None

    @property
    def day(self) -> float | None:
        """Day of the scan as a running number, from its images or the name of its session."""
        return _day(self.files)


def find_sources(path: Path) -> list[Source]:
    """Find the scans below a path: every result of ``presight run``, else the FLAIRs.

    Parameters
    ----------
    path : Path
        Folder of results, of one patient or one visit; a file of a result; or a FLAIR, or a folder
        of images or a DICOM examination as ``presight run`` takes it.

    Returns
    -------
    list of Source
        In the order of time where the day of each is known.

    Raises
    ------
    InputError
        There is neither.
    """
    results = [_result(each) for each in _assessments(path)]
    if results:
        return results
    plan = find_all([path])
    if not plan.studies:
        raise plan.refused[0][1]
    return in_time([Source(files) for files in plan.studies])


def in_time(sources: list[Source]) -> list[Source]:
    """Bring scans into the order of time, if the day of each is known."""
    if any(source.day is None for source in sources):
        return sources
    return sorted(sources, key=lambda source: source.day or 0.0)


def find_prior(path: Path, files: StudyInput) -> Source | None:
    """Find the scan before a study: the last one of its patient, or the only one that is there.

    Parameters
    ----------
    path : Path
        As for :func:`find_sources`.
    files : StudyInput
        The study; a result of its own is left aside.

    Returns
    -------
    Source or None
        ``None`` where the patient has no earlier scan there. Scans are in the order of their days
        where images or names say them, else of the names of their sessions.
    """
    found = [source for source in find_sources(path) if source.files.stem != files.stem]
    own = [source for source in found if _is_same_patient(source.files, files)]
    only = found if len(found) == 1 else []
    earlier = [source for source in own or only if _is_before(source.files, files)]
    return max(earlier, key=lambda s: (s.day or 0.0, s.files.session or ""), default=None)


def days_to(source: Source, files: StudyInput) -> float | None:
    """Days from a scan to a study, where the day of both is known."""
    now = _day(files)
    return None if source.day is None or now is None else now - source.day


def _is_same_patient(scan: StudyInput, study: StudyInput) -> bool:
    return scan.subject == study.subject or bool(scan.patient and scan.patient == study.patient)


def _is_before(scan: StudyInput, study: StudyInput) -> bool:
    day, now = _day(scan), _day(study)
    if day is not None and now is not None:
        return day < now
    if scan.subject != study.subject:
        return True  # names of sessions tell the order within one patient only
    names = scan.session or "", study.session or "\uffff"
    return not names[0].startswith(UNORDERED) and names[0] < names[1]


def _day(files: StudyInput) -> float | None:
    return day_of(files.session) if files.day is None else files.day


def load_source(
    source: Source, bundle: Bundle | None, device: str = "auto", mask: Path | None = None
) -> TimePoint:
    """Read an earlier result, or run the images.

    Parameters
    ----------
    source : Source
    bundle : Bundle or None
        Model to run images with; may be ``None`` where it is not needed.
    device : str
    mask : Path, optional
        Lesions that somebody outlined, on the grid of the FLAIR, instead of the model's.

    Raises
    ------
    InputError
        A file is missing or cannot be used.
    """
    if source.results is not None:
        if mask is not None:
            raise InputError(
                "a mask was given for a result that has one", action="Give the FLAIR instead"
            )
        return _read_result(source.files, source.results)
    study = load_study(source.files)
    prepared = preprocess(study, device)
    if mask is not None:
        lesions = _given(_read_labels(mask, study.flair.grid) > 0, study.flair.grid)
    elif bundle is not None:
        lesions = segment(prepared, bundle, device)
    else:
        raise ValueError("a model is needed to find the lesions")
    point = from_study(study, prepared, lesions, measure(prepared, lesions))
    return with_day(point, source.day)


def from_study(study: Study, prepared: Prepared, lesions: Lesions, findings: Findings) -> TimePoint:
    """Make a time point of what the stages made of a study."""
    return TimePoint(
        name=study.session or study.subject,
        flair=flat_flair(study.flair, prepared),
        brain=to_native(prepared.brain, prepared),
        anatomy=to_native(prepared.anatomy, prepared),
        lesion=lesions.mask,
        findings=findings,
        adc=native_adc(prepared, prepared.others.get(Contrast.ADC)),
        day=day_of(study.session),
        outlined_by=lesions.model,
        subject=study.subject,
        session=study.session or "",
    )


def needs_model(sources: Iterable[Source], masks: Iterable[Path | None]) -> bool:
    """Whether any of the scans has to be segmented."""
    return any(
        source.results is None and mask is None for source, mask in zip(sources, masks, strict=True)
    )


def with_day(point: TimePoint, day: float | None) -> TimePoint:
    """Return the same scan with the day that a person says, if one does."""
    return point if day is None else replace(point, day=day)


def _assessments(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(path.rglob(f"*{_ASSESSMENT}"), key=lambda each: each.name)
    found = _STEM.match(path.name)
    if not found or "_desc-presight_" not in path.name:
        return []
    beside = path.with_name(path.name[: found.end() - len("_desc-")] + _ASSESSMENT)
    return [beside] if beside.exists() else []


def _result(assessment: Path) -> Source:
    found = _STEM.match(assessment.name)
    if found is None:
        raise InputError("the file is not called as presight calls a result", where=assessment)
    depth = 3 if found["session"] else 2
    out = assessment.parents[depth]
    files = StudyInput(found["subject"], Path(), found["session"])
    return Source(replace(files, flair=study_files(files, out).brain_flair), out)


def _read_result(files: StudyInput, out: Path) -> TimePoint:
    written = study_files(files, out)
    if not written.brain_flair.exists():
        raise InputError(
            "the result holds no FLAIR to align by (an earlier version left none)",
            where=written.assessment,
            action="Run this study again, or give its FLAIR instead",
        )
    flair = read_nifti(written.brain_flair, Contrast.FLAIR)
    return TimePoint(
        name=files.session or files.subject,
        flair=flair,
        brain=_read_labels(written.brain, flair.grid) > 0,
        anatomy=_read_labels(written.anatomy, flair.grid),
        lesion=_read_labels(written.lesion_mask, flair.grid) > 0,
        findings=_read_findings(written),
        adc=_read_adc(written, flair),
        day=day_of(files.session),
        outlined_by=_outlined_by(written),
        subject=files.subject,
        session=files.session or "",
    )


def _read_adc(written: StudyFiles, flair: Volume) -> NDArray[np.float32] | None:
    if not written.brain_adc.exists():
        return None
    return read_nifti(written.brain_adc, Contrast.ADC).data


def _read_labels(path: Path, grid: Grid) -> NDArray[np.uint8]:
    """Read a mask or labels that have to lie on ``grid``; the shape is checked before the data."""
    try:
        image: Any = nib.load(path)
        if tuple(image.shape[:3]) != grid.shape or len(image.shape) != 3:
            raise InputError(
                f"the mask has {' x '.join(map(str, image.shape))} voxels",
                where=path,
                expected=f"the grid of its FLAIR, {' x '.join(map(str, grid.shape))}",
            )
        labels = np.asarray(image.dataobj)
    except FileNotFoundError as error:
        raise InputError("there is no such file", where=path, action="Check the path") from error
    except (ImageFileError, OSError, EOFError, ValueError) as error:
        raise InputError("the mask cannot be read", where=path, expected="NIfTI") from error
    if not Grid(grid.shape, np.asarray(image.affine)).matches(grid, tolerance_mm=0.01):
        raise InputError("the mask does not lie where its FLAIR lies", where=path)
    return np.rint(labels).astype(np.uint8)


def _read_findings(written: StudyFiles) -> Findings:
    try:
        return Findings.model_validate_json(written.findings.read_text(encoding="utf-8"))
    except (OSError, ValueError, ValidationError) as error:
        raise InputError(
            "the findings cannot be read, perhaps because another version wrote them",
            where=written.findings,
            action="Run this study again",
        ) from error


def _outlined_by(written: StudyFiles) -> str:
    try:
        made_by = json.loads(written.assessment.read_text(encoding="utf-8"))["provenance"]
        bundle = made_by["bundle"]
        return f"{bundle['name']} {bundle['version']} sha256:{bundle['sha256']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _given(mask: NDArray[np.bool_], grid: Grid) -> Lesions:
    """Lesions that a person outlined: as sure as the mask is."""
    return Lesions(
        probability=mask.astype(np.float32),
        mask=mask,
        uncertainty=np.zeros(mask.shape, np.float32),
        grid=grid,
        model=GIVEN,
    )
