"""The files of one study: all of them, or none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from presight.preprocess import Prepared, to_native
from presight.report.atomic import output_error, write_text
from presight.report.bids import label_table, sidecar, to_json, write_dataset
from presight.report.brains import ENDINGS, BrainImage, brain_images
from presight.report.figures import make_thumbnail, slice_svg
from presight.report.nifti import write_nifti
from presight.report.page import render_page
from presight.report.result import StudyResult
from presight.study import Contrast, Study, StudyInput
from presight.study.volume import Grid
from presight.threads import submit


@dataclass(frozen=True)
class StudyFiles:
    """Paths of what a study leaves behind.

    ``brains`` is the brain alone on each contrast; those that did not come in are not written.
    ``working_anatomy`` is on the working grid, everything else on that of the FLAIR that came in.
    """

    lesion_mask: Path
    lesion_probability: Path
    lesion_uncertainty: Path
    anatomy: Path
    anatomy_labels: Path
    working_anatomy: Path
    brain: Path
    brains: Mapping[Contrast, Path]
    clinical: Path
    findings: Path
    thumbnail: Path
    report: Path
    assessment: Path

    @property
    def brain_flair(self) -> Path:
        """The FLAIR that a later scan is aligned with."""
        return self.brains[Contrast.FLAIR]

    @property
    def brain_adc(self) -> Path:
        """The ADC, on the grid of the FLAIR."""
        return self.brains[Contrast.ADC]

    @property
    def complete(self) -> bool:
        """Whether the study was brought to its end: the assessment is written last."""
        return self.assessment.exists()


def study_files(study: Study | StudyInput, out: Path) -> StudyFiles:
    """Where the files of ``study`` go under ``out``; nothing is written."""
    session = [f"ses-{study.session}"] if study.session else []
    stem = out.joinpath(f"sub-{study.subject}", *session, "anat", study.stem)

    def path(ending: str) -> Path:
        return stem.with_name(f"{stem.name}_{ending}")

    return StudyFiles(
        lesion_mask=path("space-orig_label-L_desc-hyperintensity_mask.nii.gz"),
        lesion_probability=path("space-orig_label-L_desc-hyperintensity_probseg.nii.gz"),
        lesion_uncertainty=path("space-orig_label-L_desc-uncertainty_map.nii.gz"),
        anatomy=path("space-orig_desc-anatomy_dseg.nii.gz"),
        anatomy_labels=path("space-orig_desc-anatomy_dseg.tsv"),
        working_anatomy=path("space-orig_res-working_desc-anatomy_dseg.nii.gz"),
        brain=path("space-orig_desc-brain_mask.nii.gz"),
        brains={
            contrast: path(f"space-orig_{ending}.nii.gz") for contrast, ending in ENDINGS.items()
        },
        clinical=path("desc-presight_clinical.json"),
        findings=path("desc-presight_findings.json"),
        thumbnail=path("desc-presight_thumbnail.svg"),
        report=path("desc-presight_report.html"),
        assessment=path("desc-presight_assessment.json"),
    )


def write_study(result: StudyResult, out: Path) -> StudyFiles:
    """Write every file of a study under ``out``, on the grid of the FLAIR that came in.

    The regions are written on the working grid as well, where they are counted: a label of a thick
    slice does not tell what lies between two of them.

    The same result gives the same bytes: no time, date or memory is in these files.

    Raises
    ------
    OutputError
        The disk is full, the folder may not be written to, ...: no file of the study is left,
        and one that an earlier run left is gone too, because it could be half replaced.
    """
    files = study_files(result.study, out)
    with _all_or_nothing(files):
        write_dataset(out)
        with ThreadPoolExecutor(max_workers=1) as beside:  # packing pictures leaves it free as well
            page = submit(beside, render_page, result)
            thumbnail = submit(beside, _thumbnail, result)
            _write_images(result, files)
        write_text(files.clinical, to_json(result.study.clinical.model_dump(mode="json")))
        write_text(files.findings, to_json(result.findings.model_dump(mode="json")))
        write_text(files.thumbnail, thumbnail.result())
        write_text(files.report, page.result())
        write_text(files.assessment, to_json(_assessment(result)))
    return files


def discard_study(study: Study | StudyInput, out: Path) -> None:
    """Take away every file of a study, and what a killed process left half-written beside them."""
    files = study_files(study, out)
    _remove(files, [])
    for path in _with_sidecars(files):
        for half in path.parent.glob(f".{path.name}.*.part"):
            with suppress(OSError):
                half.unlink()


def _write_images(result: StudyResult, files: StudyFiles) -> None:
    lesions, prepared, native = result.lesions, result.prepared, result.prepared.native
    images: list[tuple[Path, NDArray[Any], Grid]] = [
        (files.lesion_mask, lesions.mask.astype(np.uint8), native),
        (files.lesion_probability, lesions.probability.astype(np.float32), native),
        (files.lesion_uncertainty, _in_percent(lesions.uncertainty), native),
        (files.anatomy, to_native(prepared.anatomy, prepared).astype(np.uint8), native),
        (files.brain, to_native(prepared.brain, prepared).astype(np.uint8), native),
        (files.working_anatomy, prepared.anatomy.astype(np.uint8), prepared.flair.grid),
    ]
    with ThreadPoolExecutor(max_workers=1) as beside:  # packing leaves the interpreter free
        packed = [beside.submit(write_nifti, *image) for image in images]
        for scan in brain_images(result):
            _write_brain(result, files, scan)
    for one in packed:
        one.result()
    write_text(files.anatomy_labels, label_table())
    for path, content in _sidecars(result, files):
        write_text(path, to_json(content))


def _write_brain(result: StudyResult, files: StudyFiles, scan: BrainImage) -> None:
    path, volume = files.brains[scan.contrast], result.study.volumes.get(scan.contrast)
    sources = [volume.source.name] if volume and volume.source else []
    about = {"Units": scan.unit} if scan.unit else {}
    write_nifti(path, scan.data, result.prepared.native, step=scan.step)
    write_text(
        _beside(path), to_json(sidecar(scan.description, sources, SkullStripped=True, **about))
    )


def _thumbnail(result: StudyResult) -> str:
    flair, lesion = result.study.flair, result.lesions.mask
    brain = to_native(result.prepared.brain, result.prepared)
    return slice_svg(make_thumbnail(flair.data, lesion, brain, flair.grid))


def _sidecars(result: StudyResult, files: StudyFiles) -> Iterator[tuple[Path, dict[str, object]]]:
    flair = result.study.flair.source
    sources = [flair.name] if flair else []
    mask = sidecar("Hyperintensity on FLAIR", sources, Type="Lesion")
    probability = sidecar("Probability of hyperintensity on FLAIR, 0 to 1", sources)
    uncertainty = sidecar("Uncertainty of the hyperintensity, 0 sure to 100", sources, Units="%")
    anatomy = sidecar("Regions that hyperintensity is reported for", sources)
    brain = sidecar("Brain", sources, Type="Brain")
    working = anatomy | {"Resolution": _resolution(result.prepared.flair.grid)}
    yield _beside(files.lesion_mask), mask
    yield _beside(files.lesion_probability), probability
    yield _beside(files.lesion_uncertainty), uncertainty
    yield _beside(files.anatomy), anatomy
    yield _beside(files.brain), brain
    yield _beside(files.working_anatomy), working


def _resolution(working: Grid) -> str:
    return f"{working.spacing_mm[0]:g} mm along the axes of the FLAIR: where regions are counted"


def _in_percent(share: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.round(share * 100).astype(np.uint8)


def _beside(image: Path) -> Path:
    return image.with_name(image.name.removesuffix(".nii.gz") + ".json")


def _assessment(result: StudyResult) -> dict[str, object]:
    return {
        **result.assessment.model_dump(mode="json"),
        "provenance": result.provenance.of_the_study() | _preparation(result.prepared),
    }


def _preparation(prepared: Prepared) -> dict[str, object]:
    """Tell what was done to the images, what brain and regions come from, what was seen of them."""
    return {
        "preprocessing": list(prepared.steps),
        "quality": {
            item.name: {"value": item.value, "doubtful": item.doubtful} for item in prepared.quality
        },
    }


@contextmanager
def _all_or_nothing(files: StudyFiles) -> Iterator[None]:
    """Leave no file of the study, and no folder made for it, if anything goes wrong."""
    made = [folder for folder in files.assessment.parents if not folder.exists()]
    try:
        files.assessment.unlink(missing_ok=True)  # from here on the study is not complete
        yield
    except BaseException as error:
        _remove(files, made)
        if isinstance(error, OSError):
            raise output_error(files.assessment, error) from error
        raise


def _remove(files: StudyFiles, made: list[Path]) -> None:
    for path in _with_sidecars(files):
        with suppress(OSError):
            path.unlink(missing_ok=True)
    for folder in made:  # deepest first
        with suppress(OSError):
            folder.rmdir()


def _with_sidecars(files: StudyFiles) -> list[Path]:
    single = [path for path in vars(files).values() if isinstance(path, Path)]
    paths = [*single, *files.brains.values()]
    return [*paths, *(_beside(path) for path in paths if path.suffix == ".gz")]
