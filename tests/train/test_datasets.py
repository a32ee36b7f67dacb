"""Each public dataset in its own folder layout, in miniature."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from presight.config import load_config
from presight.errors import InputError
from presight.study.contrast import Contrast
from presight.study.nifti import read_nifti
from presight.train.datasets.catalogue import PUBLIC, cases_of
from presight.train.datasets.consensus import consensus, drawn_on

REPOSITORY = Path(__file__).resolve().parents[2]


def put(folder: Path, *names: str, value: int = 1) -> None:
    """Write small images of one value."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(nib.Nifti1Image(np.full((4, 4, 4), value, np.uint8), np.eye(4)), path)


def found(dataset: str, folder: Path) -> dict[str, tuple[str, str, str, list[str]]]:
    """Patient, site, FLAIR and masks of every scan, paths relative to the folder."""
    return {
        case.name: (
            case.patient,
            case.site,
            str(case.flair.relative_to(folder)),
            [str(mask.relative_to(folder)) for mask in case.truth.masks] if case.truth else [],
        )
        for case in cases_of(dataset, folder, folder / "converted")
    }


def test_wmh_2017_takes_the_original_flair_and_ignores_other_pathology(tmp_path):
    for home in ("training/Utrecht/0", "test/Amsterdam/Philips_VU .PETMR_01./160"):
        put(tmp_path, f"{home}/orig/FLAIR.nii.gz", f"{home}/pre/FLAIR.nii.gz", f"{home}/wmh.nii.gz")
    put(tmp_path, "additional_annotations/observer_o3/training/Utrecht/0/result.nii.gz")
    assert found("wmh2017", tmp_path) == {
        "Utrecht_0": (
            "Utrecht_0",
            "Utrecht",
            "training/Utrecht/0/orig/FLAIR.nii.gz",
            ["training/Utrecht/0/wmh.nii.gz"],
        ),
        "Amsterdam_Philips_VU_160": (
            "Amsterdam_Philips_VU_160",
            "Amsterdam_Philips_VU",
            "test/Amsterdam/Philips_VU .PETMR_01./160/orig/FLAIR.nii.gz",
            ["test/Amsterdam/Philips_VU .PETMR_01./160/wmh.nii.gz"],
        ),
    }
    (first, *_) = cases_of("wmh2017", tmp_path, tmp_path)
    assert (first.truth.lesion, first.truth.ignored) == ((1,), (2,))


def test_msseg_2016_takes_the_consensus_that_comes_with_it(tmp_path):
    home = "Training/Center_07/Patient_01"
    masks = ("Consensus", "ManualSegmentation_1", "ManualSegmentation_2", "Brain_Mask")
    put(tmp_path, f"{home}/Preprocessed_Data/FLAIR_preprocessed.nii.gz")
    put(tmp_path, f"{home}/Raw_Data/FLAIR.nii.gz", *(f"{home}/Masks/{m}.nii.gz" for m in masks))
    name = "Training_Center_07_Patient_01"
    flair = f"{home}/Preprocessed_Data/FLAIR_preprocessed.nii.gz"
    assert found("msseg2016", tmp_path) == {
        name: (name, "Center_07", flair, [f"{home}/Masks/Consensus.nii.gz"])
    }


def test_isbi_2015_takes_both_raters_and_knows_visits_of_one_patient(tmp_path):
    for visit in ("01", "02"):
        put(tmp_path, f"training03/preprocessed/training03_{visit}_flair_pp.nii")
        put(tmp_path, f"training03/preprocessed/training03_{visit}_t2_pp.nii")
        put(tmp_path, *(f"training03/masks/training03_{visit}_mask{n}.nii" for n in (1, 2)))
    put(tmp_path, "test01/preprocessed/test01_01_flair_pp.nii")
    scans = found("isbi2015", tmp_path)
    assert list(scans) == ["test01_01", "training03_01", "training03_02"]
    assert scans["training03_02"][0] == "training03"
    assert scans["training03_02"][3] == [
        f"training03/masks/training03_02_mask{number}.nii" for number in (1, 2)
    ]
    assert scans["test01_01"][3] == []


@pytest.mark.parametrize(
    ("flair", "consensus_file"),
    [
        ("patient07/patient07_FLAIR.nii.gz", "patient07/patient07_consensus_gt.nii.gz"),
        (
            "cross_sectional/coregistered/patient07/FLAIR.nii.gz",
            "cross_sectional/coregistered/patient07/consensus_gt.nii.gz",
        ),
    ],
)
def test_3d_mr_ms_is_read_from_its_archive_and_from_github(tmp_path, flair, consensus_file):
    put(tmp_path, flair, consensus_file, "patient07/raw/patient07_FLAIR.nii.gz")
    put(tmp_path, "cross_sectional/raw/patient07/FLAIR.nii.gz")
    put(tmp_path, "longitudinal/coregistered/patient07/study1_FLAIR.nii.gz")
    assert found("open_ms", tmp_path) == {
        "patient07": ("patient07", "Ljubljana 3T 3D FLAIR", flair, [consensus_file])
    }


def test_mslesseg_has_visits_in_training_and_none_in_test(tmp_path):
    for stem in ("train/P14/T1/P14_T1", "train/P14/T2/P14_T2", "test/P54/P54"):
        put(tmp_path, *(f"{stem}_{kind}.nii.gz" for kind in ("FLAIR", "MASK", "T1", "T2")))
    scans = found("mslesseg", tmp_path)
    assert {name: scan[0] for name, scan in scans.items()} == {
        "P14_T1": "P14",
        "P14_T2": "P14",
        "P54": "P54",
    }
    assert scans["P54"][3] == ["test/P54/P54_MASK.nii.gz"]


def test_brats_2021_and_2023_take_the_whole_tumour(tmp_path):
    home = "BraTS2021_TrainingSet/UCSF-PDGM/BraTS2021_00002/BraTS2021_00002"
    put(tmp_path / "old", *(f"{home}_{kind}.nii.gz" for kind in ("flair", "t1ce", "seg")))
    assert found("brats2021", tmp_path / "old") == {
        "BraTS2021_00002": (
            "BraTS2021_00002",
            "UCSF-PDGM",
            f"{home}_flair.nii.gz",
            [f"{home}_seg.nii.gz"],
        )
    }
    for visit in ("000", "001"):
        stem = f"BraTS-GLI-00003-{visit}/BraTS-GLI-00003-{visit}"
        put(tmp_path / "new", *(f"{stem}-{kind}.nii.gz" for kind in ("t2f", "t2w", "seg")))
    scans = found("brats2023", tmp_path / "new")
    assert [scan[0] for scan in scans.values()] == ["BraTS-GLI-00003"] * 2
    lesion = [PUBLIC[name].facts.lesion for name in ("brats2021", "brats2023")]
    assert lesion == [(1, 2, 4), (1, 2, 3)]


@pytest.mark.parametrize(
    "flair",
    [
        "sub-strokecase0009/ses-0001/anat/sub-strokecase0009_ses-0001_FLAIR.nii.gz",
        "rawdata/sub-strokecase0009/ses-0001/sub-strokecase0009_ses-0001_flair.nii.gz",
    ],
)
def test_isles_2022_knows_that_not_all_hyperintensity_was_drawn(tmp_path, flair):
    mask = "derivatives/sub-strokecase0009/ses-0001/sub-strokecase0009_ses-0001_msk.nii.gz"
    put(tmp_path, flair, mask, flair.replace("FLAIR", "dwi").replace("flair", "dwi"))
    assert found("isles2022", tmp_path) == {
        "sub-strokecase0009": ("sub-strokecase0009", "not stated", flair, [mask])
    }
    (case,) = cases_of("isles2022", tmp_path, tmp_path)
    assert not case.truth.complete


def kaggle(folder: Path, slices: int = 24, patient: str = "TCGA_HT_7602_19951103") -> Path:
    """Write a patient whose FLAIR is 10 times the slice number, with a lesion in a corner."""
    home = folder / "kaggle_3m" / patient
    home.mkdir(parents=True)
    for number in range(1, slices + 1):
        pixels = np.zeros((256, 256, 3), np.uint8)
        pixels[20:236, 40:216] = (7, 10 * number, 9)
        Image.fromarray(pixels).save(home / f"{patient}_{number}.tif")
        mask = np.zeros((256, 256), np.uint8)
        mask[30:40, 50:70] = 255 if number == slices else 0
        Image.fromarray(mask).save(home / f"{patient}_{number}_mask.tif")
    return home


def test_lgg_slices_become_a_volume_with_the_spacing_that_is_assumed(tmp_path):
    kaggle(tmp_path)
    (case,) = cases_of("lgg", tmp_path, tmp_path / "converted")
    assert (case.id, case.patient, case.site) == (
        "lgg/HT_7602",
        "HT_7602",
        "TCGA-LGG institution HT",
    )
    volume = read_nifti(case.flair, Contrast.FLAIR)
    assumed = load_config("datasets.yaml")["lgg_geometry"]
    pixel, height = assumed["in_plane_mm"], assumed["height_mm"]
    assert volume.grid.spacing_mm == pytest.approx((pixel, pixel, height / 24), rel=1e-5)
    # Slices count upwards, by number and not by name, and the second channel is the FLAIR.
    assert [volume.data[128, 128, z] for z in (0, 1, 9, 23)] == [10, 20, 100, 240]


def test_the_corner_of_an_lgg_picture_is_the_front_right_of_the_top(tmp_path):
    kaggle(tmp_path)
    (case,) = cases_of("lgg", tmp_path, tmp_path / "converted")
    labels, grid = consensus(case.truth)
    centre = np.argwhere(labels == 1).mean(axis=0)
    x, y, z = (grid.affine @ [*centre, 1])[:3]
    # RAS: the right of the patient is +x. Columns 50..69 and rows 30..39 of 256.
    assert (x, y) == pytest.approx(((127.5 - 59.5) * 0.94, (127.5 - 34.5) * 0.94), abs=0.01)
    assert z == pytest.approx(11.5 * 155 / 24, abs=0.01)


def test_an_lgg_patient_with_a_missing_slice_is_refused(tmp_path):
    home = kaggle(tmp_path)
    (home / f"{home.name}_5.tif").unlink()
    with pytest.raises(InputError, match="23 slices go up to number 24"):
        cases_of("lgg", tmp_path, tmp_path / "converted")


def nnunet(folder: Path, **about) -> Path:
    folder.mkdir(parents=True)
    (folder / "dataset.json").write_text(
        json.dumps(
            {
                "channel_names": {"0": "T1", "1": "FLAIR"},
                "labels": {"background": 0, "wmh": 1, "infarct": [2, 3], "ignore": 4},
                "file_ending": ".nii.gz",
                "licence": "CC0",
                **about,
            }
        )
    )
    put(folder, *(f"imagesTr/P1_T{v}_000{c}.nii.gz" for v in (1, 2) for c in (0, 1)))
    put(folder, "labelsTr/P1_T1.nii.gz", "labelsTr/P1_T2.nii.gz", "imagesTs/P2_0001.nii.gz")
    return folder


def test_nnunet_takes_the_flair_channel_the_labels_and_the_patient(tmp_path):
    folder = nnunet(tmp_path / "Dataset501_Our heads")
    scans = found("nnunet", folder)
    assert scans["P1_T2"] == (
        "P1",
        "Dataset501-Our-heads",
        "imagesTr/P1_T2_0001.nii.gz",
        ["labelsTr/P1_T2.nii.gz"],
    )
    assert scans["P2"][3] == []
    case = cases_of("nnunet", folder, tmp_path)[0]
    assert (case.truth.lesion, case.truth.ignored, case.licence) == ((1, 2, 3), (4,), "CC0")


def test_nnunet_without_a_flair_is_refused(tmp_path):
    folder = nnunet(tmp_path / "Dataset501", channel_names={"0": "T1", "1": "T2"})
    with pytest.raises(InputError, match="none of the channels t1, t2 is FLAIR"):
        cases_of("nnunet", folder, tmp_path)


def bids(folder: Path, *derivatives: str) -> Path:
    for stem in ("sub-01/ses-a/anat/sub-01_ses-a", "sub-01/ses-b/anat/sub-01_ses-b"):
        put(folder, f"{stem}_FLAIR.nii.gz", f"{stem}_T1w.nii.gz")
        put(folder, *(f"derivatives/{d}/{stem}_label-L_mask.nii.gz" for d in derivatives))
        put(folder, f"derivatives/bet/{stem}_desc-brain_mask.nii.gz")
    put(folder, "sub-02/anat/sub-02_acq-3d_FLAIR.nii.gz")
    (folder / "dataset_description.json").write_text(
        json.dumps({"Name": "Clinic/A", "License": "CC BY 4.0"})
    )
    return folder


def test_bids_takes_the_lesion_mask_of_the_same_session(tmp_path):
    folder = bids(tmp_path, "manual")
    scans = found("bids", folder)
    assert scans["sub-01_ses-b"] == (
        "sub-01",
        "Clinic-A",
        "sub-01/ses-b/anat/sub-01_ses-b_FLAIR.nii.gz",
        ["derivatives/manual/sub-01/ses-b/anat/sub-01_ses-b_label-L_mask.nii.gz"],
    )
    assert scans["sub-02_acq-3d"][3] == []


def test_bids_does_not_choose_between_people_and_a_program(tmp_path):
    folder = bids(tmp_path, "manual", "presight")
    with pytest.raises(InputError, match="manual and presight hold lesion masks"):
        cases_of("bids", folder, tmp_path)
    chosen = cases_of("bids", folder / "derivatives" / "manual", tmp_path)
    masks = [mask for case in chosen if case.truth for mask in case.truth.masks]
    assert len(masks) == 2
    assert all("manual" in mask.parts for mask in masks)


def test_the_shared_manifest_and_the_published_layouts_name_scans_alike(shared, tmp_path):
    named = {case.id for case in cases_of("manifest", shared / "manifest.csv", tmp_path)}
    put(tmp_path, "ms/train/P14/T2/P14_T2_FLAIR.nii.gz")
    put(tmp_path, "lj/patient07/patient07_FLAIR.nii.gz")
    kaggle(tmp_path / "k", patient="TCGA_DU_5849_19950405")
    for dataset, folder in (("mslesseg", "ms"), ("open_ms", "lj"), ("lgg", "k")):
        (case,) = cases_of(dataset, tmp_path / folder, tmp_path / "converted")
        assert case.id in named


@pytest.mark.parametrize("dataset", PUBLIC)
def test_every_dataset_says_where_it_is_from_and_what_may_be_done_with_it(dataset):
    facts = PUBLIC[dataset].facts
    assert facts.doi.startswith("10.")
    assert facts.download.startswith("https://")
    page = (REPOSITORY / "docs" / "datasets.md").read_text(encoding="utf-8")
    assert all(text in page for text in (f"`{dataset}`", facts.doi, facts.licence))


@pytest.mark.parametrize("dataset", [name for name in PUBLIC if name != "lgg"])
def test_a_folder_that_holds_something_else_is_refused(dataset, tmp_path):
    put(tmp_path, "scan.nii.gz")
    with pytest.raises(InputError, match="no scan was found; expected"):
        cases_of(dataset, tmp_path, tmp_path)


def test_one_scan_twice_is_refused(tmp_path):
    for copy in ("a", "b"):
        put(tmp_path, f"{copy}/P1/T1/P1_T1_FLAIR.nii.gz")
    with pytest.raises(InputError, match="2 scans are called P1_T1"):
        cases_of("mslesseg", tmp_path, tmp_path)


def test_an_unknown_dataset_and_an_absent_folder_are_named(tmp_path):
    with pytest.raises(InputError, match="no dataset called adni; expected one of wmh2017"):
        cases_of("adni", tmp_path, tmp_path)
    with pytest.raises(InputError, match="there is nothing here"):
        cases_of("wmh2017", tmp_path / "gone", tmp_path)


def test_raters_are_outvoted_and_a_draw_is_ignored(tmp_path):
    put(tmp_path, "P1_T1_FLAIR.nii.gz")
    (case,) = cases_of("mslesseg", tmp_path, tmp_path)
    drawn = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1], [2, 0, 0]], np.uint8)  # voxels, raters
    for raters, expected in ((3, [1, 0, 1, 2]), (2, [1, 2, 1, 2]), (1, [1, 1, 1, 2])):
        paths = tuple(tmp_path / f"rater{number}.nii.gz" for number in range(raters))
        for number, path in enumerate(paths):
            mask = drawn[:, number].reshape(4, 1, 1)
            nib.save(nib.Nifti1Image(mask, np.eye(4)), path)
        truth = PUBLIC["wmh2017"]._case("a", "a", "a", case.flair, paths).truth
        assert list(consensus(truth)[0].ravel()) == expected


def test_what_is_ignored_keeps_its_place_on_another_grid(tmp_path):
    data = np.zeros((20, 20, 20), np.uint8)
    data[2:8, 2:8, 2:8], data[8:14, 2:8, 2:8] = 1, 2
    nib.save(nib.Nifti1Image(data, np.diag([-2.0, 2, 2, 1])), tmp_path / "wmh.nii.gz")
    truth = PUBLIC["wmh2017"]._case("a", "a", "a", tmp_path, [tmp_path / "wmh.nii.gz"]).truth
    _, grid = consensus(truth)
    corner = np.diag([-1.0, 1, 1, 1])
    corner[:3, 3] = (-0.3, 0.3, 0.3)  # no fine voxel half-way between two coarse ones
    fine = type(grid)((40, 40, 40), corner)
    labels = drawn_on(truth, fine)
    assert [float((labels == value).sum()) for value in (1, 2)] == pytest.approx(
        [1728] * 2, rel=0.15
    )
    assert labels[8, 8, 8] == 1
    assert labels[22, 8, 8] == 2
