"""Manifests, splits and the cache of prepared volumes."""

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from presight.errors import ConfigError, InputError
from presight.preprocess.prepared import Prepared
from presight.study.contrast import Contrast
from presight.study.study import Study
from presight.study.volume import Grid, Volume
from presight.train.cache import TrainingVolume, cache_cases, read_cache, read_volume
from presight.train.datasets.case import Case, Truth
from presight.train.datasets.manifest import manifest_cases
from presight.train.split import Split, split_cases

HEADER = "dataset,subject,flair,mask,site,licence\n"


def _case(dataset: str, name: str, patient: str) -> Case:
    return Case(dataset, name, patient, "here", Path("flair.nii.gz"), None, "none")


@pytest.fixture
def scan(tmp_path: Path) -> Case:
    """A thick-slice scan, stored right to left, with a mask on its grid."""
    affine = np.diag([-1.0, 1.0, 3.0, 1.0])
    rng = np.random.default_rng(0)
    image = rng.uniform(10, 100, (80, 84, 24)).astype(np.float32)
    mask = np.zeros(image.shape, np.uint8)
    mask[4:8, 4:8, 2:5] = 255
    for name, array in (("flair", image), ("mask", mask)):
        nib.save(nib.Nifti1Image(array, affine), tmp_path / f"{name}.nii.gz")
    paths = [tmp_path / f"{name}.nii.gz" for name in ("flair", "mask")]
    return Case("lgg", "DU_1", "DU_1", "DU", paths[0], Truth((paths[1],)), "CC0")


def _as_it_is(study: Study) -> Prepared:
    """Preprocessing for these tests: a 1 mm grid with the corner of the scan's world."""
    corner = np.eye(4)
    corner[0, 3] = -79
    grid = Grid((80, 84, 70), corner)
    data = np.ones(grid.shape, np.float32)
    return Prepared(
        flair=Volume(data, grid, Contrast.FLAIR),
        brain=data > 0,
        anatomy=np.ones(grid.shape, np.uint8),
        others={},
        native=study.flair.grid,
        steps=(),
        quality=(),
    )


def test_the_shared_manifest_gives_patients_and_sites(shared: Path) -> None:
    cases = manifest_cases(shared / "manifest.csv")
    patients = {case.name: case.patient for case in cases}
    assert patients["P14_T3"] == "P14"
    assert patients["patient03_study1"] == "patient03"
    assert patients["DU_5849"] == "DU_5849"
    labelled = [case for case in cases if case.truth is not None]
    assert len(labelled) == 66
    assert not any(case.dataset == "open_ms_longitudinal" for case in labelled)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dataset,subject\nlgg,a\n", "lacks flair, mask"),
        (HEADER + "lgg,a,gone.nii.gz,,x,CC0\n", r"gone\.nii\.gz is not there"),
    ],
)
def test_a_manifest_that_cannot_be_used_says_why(tmp_path: Path, text: str, says: str) -> None:
    table = tmp_path / "manifest.csv"
    table.write_text(text)
    with pytest.raises(InputError, match=says):
        manifest_cases(table)


def test_a_split_takes_whole_patients() -> None:
    cases = [_case("lgg", "DU_1", "DU_1"), _case("lgg", "HT_1", "HT_1"), _case("ms", "P1_T1", "P1")]
    parts = split_cases(cases, Split(test=("lgg/HT_*",), validation=("ms/*",)))
    assert [case.name for case in parts["train"]] == ["DU_1"]
    assert [case.name for case in parts["test"]] == ["HT_1"]
    assert [case.name for case in parts["validation"]] == ["P1_T1"]


def test_a_split_through_a_patient_is_refused() -> None:
    cases = [_case("ms", "P1_T1", "P1"), _case("ms", "P1_T2", "P1")]
    with pytest.raises(ConfigError, match="ms/P1 fall into"):
        split_cases(cases, Split(test=("ms/P1_T2",)))


def _painted(scan: Case, patient: str) -> TrainingVolume:
    """A volume painted into a scan: caches written earlier hold the plain name of the patient."""
    nothing = np.zeros((1, 1, 1))
    return TrainingVolume(
        id=f"painted_pres/{scan.dataset}_{scan.name}_17",
        dataset="painted_pres",
        patient=patient,
        site="here",
        image=nothing.astype(np.float16),
        mask=nothing.astype(np.uint8),
        brain=nothing.astype(np.uint8),
        anatomy=nothing.astype(np.uint8),
    )


@pytest.mark.parametrize("patient", ["patient26", "open_ms/patient26"])
def test_a_split_between_a_scan_and_its_painted_copy_is_refused(patient: str) -> None:
    host = _case("open_ms", "patient26_T2", "patient26")
    copy, other = _painted(host, patient), _case("open_ms", "patient07", "patient07")
    assert copy.patient_id == host.patient_id == "open_ms/patient26"
    with pytest.raises(ConfigError, match="open_ms/patient26 fall into"):
        split_cases([host, copy, other], Split(test=("open_ms/patient26*",)))
    parts = split_cases([host, copy, other], Split(test=("*/*patient26*",)))
    assert parts["test"] == (host, copy)


def test_a_fold_takes_the_painted_copy_with_the_scan() -> None:
    hosts = [_case("open_ms", f"patient{n}", f"patient{n}") for n in range(6)]
    copies = [_painted(host, host.patient) for host in hosts]
    for number in (1, 2, 3):
        parts = split_cases([*hosts, *copies], Split(fold=f"{number}/3"))
        tested = [scan.patient_id for scan in parts["test"]]
        assert len(tested) == 4
        assert len(set(tested)) == 2


def test_patients_of_one_name_in_two_datasets_are_two() -> None:
    cases = [_case("mslesseg", "P1", "P1"), _case("other", "P1", "P1")]
    assert len(split_cases(cases, Split(test=("other/*",)))["test"]) == 1


def test_datasets_with_patients_in_common_are_not_parted() -> None:
    cases = [_case("lgg", "HT_1", "HT_1"), _case("brats2021", "BraTS2021_00002", "x")]
    with pytest.raises(ConfigError, match="lgg and brats2021 have patients in common"):
        split_cases(cases, Split(test=("lgg/*",)))
    assert len(split_cases(cases, Split())["train"]) == 2


def test_a_split_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="no case to train on"):
        split_cases([_case("ms", "P1", "P1")], Split(test=("*",)))


def test_the_truth_goes_to_the_working_grid_with_its_place_and_size(
    scan: Case, tmp_path: Path
) -> None:
    (path,) = cache_cases([scan], tmp_path / "cache", _as_it_is)
    volume = read_volume(path)
    assert volume.id == "lgg/DU_1"
    assert volume.slice_mm == pytest.approx(3.0)
    # Voxels 4..7 of a right-to-left axis are world -7..-4, which is 72..75 on the working grid.
    assert set(np.argwhere(volume.mask)[:, 0]) == {72, 73, 74, 75}
    assert volume.mask.sum() == pytest.approx(4 * 4 * 9, rel=0.15)


def test_the_cache_is_written_once_and_passes_unlabelled_scans_over(
    scan: Case, tmp_path: Path
) -> None:
    unlabelled = replace(scan, name="DU_2", truth=None)
    (path,) = cache_cases([scan, unlabelled], tmp_path / "cache", _as_it_is)
    before = path.stat().st_mtime_ns
    list(cache_cases([scan, unlabelled], tmp_path / "cache", _as_it_is))
    assert path.stat().st_mtime_ns == before
    assert [volume.id for volume in read_cache(path.parent)] == ["lgg/DU_1"]


def test_what_may_be_lesion_that_nobody_drew_is_ignored(scan: Case, tmp_path: Path) -> None:
    def half_bright(study: Study) -> Prepared:
        prepared = _as_it_is(study)
        prepared.flair.data[:40] = 1.5
        return prepared

    host = replace(scan, name="host", truth=None)
    part = replace(scan, name="part", truth=replace(scan.truth, complete=False))
    cached = cache_cases([scan, host, part], tmp_path / "cache", half_bright, unlabelled=True)
    whole, host_mask, part_mask = (np.asarray(read_volume(path).mask) for path in cached)
    assert set(np.unique(whole)) == {0, 1}
    assert (host_mask[:40] == 2).all()
    assert not host_mask[40:].any()
    assert (part_mask[:40] == 2).all()
    np.testing.assert_array_equal(part_mask[40:], whole[40:])


def test_an_empty_or_damaged_cache_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no cached volume"):
        read_cache(tmp_path)
    (tmp_path / "bad.npz").write_bytes(b"not a volume")
    with pytest.raises(InputError, match="cannot be read"):
        read_cache(tmp_path)
