"""``presight compare`` from the command line, on the files that runs left."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from presight.cli import main
from presight.errors import InputError
from presight.follow_up import rigid
from presight.follow_up.align import HalfWay
from presight.follow_up.comparison import Comparison
from presight.follow_up.sources import day_of, find_prior, find_sources, from_study, load_source
from presight.follow_up.time_point import TimePoint
from presight.measure.findings import Findings
from presight.preprocess import Prepared
from presight.preprocess.conform import conform
from presight.report.derivatives import write_study
from presight.report.result import ModelInfo, StudyResult, make_provenance
from presight.score import assess
from presight.segment.lesions import Lesions
from presight.study import ClinicalRecord, Contrast, Grid, Study, StudyInput, Volume
from presight.study.resample import resample

FIRST, SECOND = "sub-x_ses-20240101", "sub-x_ses-20240131"


SHAPE = (60, 72, 30)
GRID = Grid(SHAPE, np.diag([-2.5, 2.5, 4.0, 1.0]))
SPOT = (slice(38, 46), slice(14, 22), slice(12, 17))


def scan(session: str, bright: float) -> StudyResult:
    """A small head with folds of its own and one lesion, as a run would have left it."""
    places = np.indices(SHAPE)
    ball = [((i - (n - 1) / 2) / (n / 2 - 3)) ** 2 for i, n in zip(places, SHAPE, strict=True)]
    brain = sum(ball) < 1
    folds = gaussian_filter(np.random.default_rng(7).normal(size=SHAPE), 1.5)
    flair = np.where(brain, 1 + 0.2 * folds / folds.std(), 0).astype(np.float32)
    lesion = np.zeros(SHAPE, bool)
    if bright:
        flair[SPOT], lesion[SPOT] = bright, True
    anatomy = np.where(brain, 1 + (places[0] > 30) + 2 * (places[1] > 36) + 4 * (places[2] > 15), 0)
    volume = Volume(flair, GRID, Contrast.FLAIR, Path("flair.nii.gz"))
    study = Study("x", {Contrast.FLAIR: volume}, session=session)
    prepared = preprocessed(volume, brain, anatomy.astype(np.uint8))
    lesions = Lesions(lesion.astype(np.float32), lesion, lesion * np.float32(0), GRID, "model 1")
    findings = Findings(lesion_ml=lesion.sum() * GRID.voxel_ml, lesion_count=int(lesion.any()))
    made_by = make_provenance(
        study, ModelInfo("model", "1", "ab" * 32), settings={}, device="cpu", seconds={}
    )
    assessment = assess(findings, ClinicalRecord())
    return StudyResult(study, prepared, lesions, findings, assessment, made_by)


def preprocessed(volume: Volume, brain: np.ndarray, anatomy: np.ndarray) -> Prepared:
    working = conform(volume, 1.0)
    brain, anatomy = (
        resample(array.astype(np.uint8), GRID, working.grid, nearest=True)
        for array in (brain, anatomy)
    )
    return Prepared(working, brain > 0, anatomy, {}, GRID, (), ())


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    """What two visits of one patient left: a lesion, and the same head without it."""
    out = tmp_path_factory.mktemp("visits") / "results"
    write_study(scan("20240101", bright=1.9), out)
    write_study(scan("20240131", bright=0), out)
    return out


def read(out: Path, stem: str, what: str) -> dict:
    path = next(out.glob(f"sub-*/ses-*/anat/{stem}_desc-presight_{what}.json"))
    return json.loads(path.read_text())


def test_a_folder_of_results_is_compared_visit_by_visit(results, tmp_path, capsys):
    assert main(["compare", str(results), "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "20240101 to 20240131: Resolved; " in said
    report = read(tmp_path, SECOND, "change")
    assert report["lesions_by_change"]["resolved"] == 1
    assert report["days"] == 30
    with (tmp_path / "sub-x" / "sub-x_desc-presight_trend.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [row["day"] for row in rows] == ["0.0", "30.0"]
    assert [row["percent_of_first"] for row in rows] == ["100.0", "0.0"]
    image = next(tmp_path.glob("sub-x/ses-20240131/anat/*desc-change_dseg.nii.gz"))
    flair = next(results.glob("sub-x/ses-20240131/anat/*desc-brain_FLAIR.nii.gz"))
    assert nib.load(image).shape == nib.load(flair).shape


def test_the_scan_before_is_left_beside_the_later_one(results, tmp_path):
    assert main(["compare", str(results), "--out", str(tmp_path)]) == 0
    folder = tmp_path / "sub-x" / "ses-20240131" / "anat"
    flair = nib.load(folder / f"{SECOND}_space-orig_desc-prior_FLAIR.nii.gz")
    mask = nib.load(folder / f"{SECOND}_space-orig_label-L_desc-prior_mask.nii.gz")
    first = scan("20240101", bright=1.9)
    for image in (flair, mask):
        assert image.shape == SHAPE
        np.testing.assert_allclose(image.affine, GRID.affine, atol=1e-4)
    overlap = (np.asarray(mask.dataobj) > 0) & first.lesions.mask
    assert overlap.sum() > 0.9 * first.lesions.mask.sum()
    assert (
        np.corrcoef(np.asarray(flair.dataobj).ravel(), first.study.flair.data.ravel())[0, 1] > 0.9
    )
    findings = (folder / f"{SECOND}_desc-prior_findings.json").read_text()
    assert Findings.model_validate_json(findings) == first.findings


def test_a_head_that_moved_is_brought_back_to_the_later_scan():
    first, second = (from_result(scan(day, bright=1.9)) for day in ("20240101", "20240131"))
    movement = np.eye(4)
    movement[:3, 3] = (10, -5, 8)  # what was at x mm lies at x + 10 mm in the later scan
    half_way = HalfWay(GRID, rigid.inverse(movement), np.eye(4), 1.0, 0.0)
    _, lesion = Comparison(None, first, second, None, None, half_way).native_prior()
    moved = [
        GRID.affine[:3, :3] @ np.argwhere(mask).mean(axis=0) for mask in (first.lesion, lesion)
    ]
    np.testing.assert_allclose(moved[1] - moved[0], (10, -5, 8), atol=0.5)


def from_result(result: StudyResult) -> TimePoint:
    return from_study(result.study, result.prepared, result.lesions, result.findings)


def test_what_a_run_leaves_is_read_back_as_it_was(results):
    point = load_source(find_sources(results / "sub-x" / "ses-20240101")[0], None)
    left = scan("20240101", bright=1.9)
    assert point.day == day_of("20240101")
    assert point.flair.grid.matches(GRID)
    inside = left.study.flair.data > 0
    np.testing.assert_allclose(
        point.flair.data[inside], left.study.flair.data[inside], atol=0.01, rtol=0.02
    )
    np.testing.assert_array_equal(point.lesion, left.lesions.mask)
    assert point.findings == left.findings
    assert point.outlined_by == f"model 1 sha256:{'ab' * 32}"


def test_the_prior_of_a_study_is_the_visit_before_it(results):
    def prior(session: str | None):
        return find_prior(results, StudyInput("x", Path(), session))

    assert prior("20240131").files.session == "20240101"
    assert prior("20240301").files.session == "20240131"
    assert prior("20240101") is None
    assert find_prior(results, StudyInput("y", Path(), "1")) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{one}"], "1 scan was found"),
        (["{all}", "--days", "1"], "1 values were given with --days for 2 scans"),
        (["{all}", "--days", "30", "0"], "run backwards"),
        (["{all}", "--masks", "{one}", "{one}"], "a mask was given for a result that has one"),
        (["{none}", "{one}"], "there is no such file"),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_sentence(results, tmp_path, capsys, words, said):
    places = {
        "one": results / "sub-x" / "ses-20240101",
        "all": results,
        "none": tmp_path / "nothing",
    }
    words = [word.format(**places) for word in words]
    assert main(["compare", *words, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_a_result_without_its_flair_is_refused(results, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(results, copy)
    next(copy.glob("sub-x/ses-20240101/anat/*_desc-brain_FLAIR.nii.gz")).unlink()
    source = find_sources(copy / "sub-x" / "ses-20240101")[0]
    with pytest.raises(InputError, match="holds no FLAIR to align by"):
        load_source(source, None)


def test_a_mask_that_does_not_belong_to_its_flair_is_refused(results, tmp_path):
    source = find_sources(results)[0]
    copy = tmp_path / "copy"
    shutil.copytree(results, copy)
    mask = next(copy.glob("sub-x/ses-20240101/anat/*hyperintensity_mask.nii.gz"))
    image = nib.load(mask)
    nib.save(nib.Nifti1Image(np.asarray(image.dataobj), image.affine + np.eye(4, k=3)), mask)
    with pytest.raises(InputError, match="does not lie where its FLAIR lies"):
        load_source(replace(source, results=copy), None)


def test_a_session_is_a_date_only_where_it_is_one():
    assert day_of("20240301") - day_of("20240228") == 2
    assert [day_of(name) for name in ("20241301", "02", "a", None)] == [None] * 4
