"""One study the whole way: repeatable, whatever its storage, and right about left and right."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

from presight.config import load_config
from presight.measure import Findings, measure
from presight.preprocess import preprocess
from presight.run import STAGES, Stopwatch, run_study
from presight.segment import segment
from presight.study import Contrast, Grid, Study, Volume

OTHER_SIDE = {"left": "right", "right": "left", "midline": "midline"}


def stored_as(volume: Volume, codes: str) -> Volume:
    """The same head in another voxel order."""
    image = nib.Nifti1Image(volume.data, volume.grid.affine)
    turn = ornt_transform(io_orientation(image.affine), axcodes2ornt(codes))
    turned = image.as_reoriented(turn)
    return Volume(np.asarray(turned.dataobj), Grid(turned.shape, turned.affine), Contrast.FLAIR)


def mirrored(volume: Volume) -> Volume:
    """Another head: the mirror image, in the same grid."""
    axis = int(np.argmax(np.abs(volume.grid.affine[0, :3])))
    return Volume(np.flip(volume.data, axis).copy(), volume.grid, Contrast.FLAIR)


@pytest.fixture(scope="module")
def findings_of(bundle):
    def findings(volume: Volume) -> Findings:
        prepared = preprocess(Study("x", {Contrast.FLAIR: volume}))
        return measure(prepared, segment(prepared, bundle, "cpu"))

    return findings


@pytest.fixture(scope="module")
def original(findings_of, patient):
    return findings_of(patient.flair)


def volumes(findings: Findings) -> dict[tuple[str, str], tuple[float, float]]:
    return {(r.region, r.side.value): (r.lesion_ml, r.region_ml) for r in findings.regions}


@pytest.mark.parametrize("codes", ["RAS", "LPI", "PIR"])
def test_storage_order_changes_nothing(findings_of, patient, original, codes):
    found = findings_of(stored_as(patient.flair, codes))
    assert found.lesion_ml == pytest.approx(original.lesion_ml, rel=1e-3)
    for key, (lesion_ml, region_ml) in volumes(found).items():
        assert lesion_ml == pytest.approx(volumes(original)[key][0], rel=1e-3, abs=0.01)
        assert region_ml == pytest.approx(volumes(original)[key][1], rel=1e-3)


@pytest.mark.parametrize("codes", ["RAS", "LAS", "ASL"])
def test_a_mirrored_head_swaps_the_sides_and_changes_nothing_else(
    findings_of, patient, original, codes
):
    found = findings_of(stored_as(mirrored(patient.flair), codes))
    here = volumes(found)
    for (region, side), (lesion_ml, region_ml) in volumes(original).items():
        twin = here[region, OTHER_SIDE[side]]
        assert twin[0] == pytest.approx(lesion_ml, rel=2e-3, abs=0.02)
        assert twin[1] == pytest.approx(region_ml, rel=2e-3)
    assert found.lesion_count == original.lesion_count
    for name in ("lesion_ml", "brain_ml", "parieto_occipital_share", "volume_asymmetry"):
        assert getattr(found, name) == pytest.approx(getattr(original, name), rel=2e-3, abs=1e-3)


def test_the_lesion_is_found_where_it_was_painted(bundle, patient, original):
    prepared = preprocess(Study("x", {Contrast.FLAIR: patient.flair}))
    found = segment(prepared, bundle, "cpu").mask
    assert 2 * (found & patient.truth).sum() / (found.sum() + patient.truth.sum()) > 0.5
    posterior = [
        number
        for number, label in load_config("anatomy.yaml")["labels"].items()
        if label["region"] in ("parietal", "occipital")
    ]
    true_share = np.isin(patient.labels[patient.truth], posterior).mean()
    assert original.parieto_occipital_share == pytest.approx(true_share, abs=0.15)


def test_every_stage_is_timed_and_the_answer_repeats(bundle, patient):
    def run():
        clock = Stopwatch()
        study = Study("x", {Contrast.FLAIR: patient.flair}, patient.clinical)
        return run_study(lambda: study, lambda: bundle, clock, device="cpu"), clock

    (first, clock), (second, _) = run(), run()
    assert set(clock.seconds) == set(STAGES) - {"report"}
    assert all(seconds >= 0 for seconds in clock.seconds.values())
    np.testing.assert_array_equal(first.lesions.probability, second.lesions.probability)
    assert first.findings == second.findings
    assert first.assessment == second.assessment
