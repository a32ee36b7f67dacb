"""The number of a scan rises on what the model should not trust, on real scans too."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from nibabel.spatialimages import SpatialImage
from scipy import fft, ndimage
from scipy.spatial.transform import Rotation

from presight.errors import InputError
from presight.preprocess import preprocess
from presight.segment import Bundle
from presight.segment.traits import measure_traits
from presight.segment.trust import Limit, Trust, TrustSettings, expected_dice, judge
from presight.study.contrast import Contrast
from presight.study.nifti import read_nifti
from presight.study.study import Study

SETTINGS = TrustSettings(
    limits={
        "bright_tissue": Limit(middle=1.3, edge=1.1),
        "cut_surface": Limit(middle=0.0, edge=0.1),
    },
    scans=20,
    held_out_scans=5,
    expected_dice_error=0.07,
)


def test_the_number_is_one_at_the_edge_of_what_was_seen() -> None:
    middle = judge({"bright_tissue": 1.3, "cut_surface": 0.0}, None, SETTINGS)
    edge = judge({"bright_tissue": 1.1, "cut_surface": 0.0}, None, SETTINGS)
    beyond = judge({"bright_tissue": 1.0, "cut_surface": 0.3}, 0.5, SETTINGS)
    assert (middle.unfamiliarity, edge.unfamiliarity) == (0.0, pytest.approx(1.0))
    assert not edge.doubtful
    assert beyond.unfamiliarity == pytest.approx(3.0)
    assert beyond.trait == "cut_surface"
    assert beyond.doubtful
    assert beyond.doubts == beyond.sentences[:1]
    assert edge.doubts == ()
    assert "edge of the image" in beyond.sentences[0]
    assert "0.50" in beyond.sentences[1]


def test_brighter_tissue_is_no_reason_for_doubt() -> None:
    """A large lesion makes the brain brighter; that must not count against it."""
    assert judge({"bright_tissue": 2.5, "cut_surface": 0}, None, SETTINGS).unfamiliarity == 0


def test_a_bundle_that_does_not_say_gives_no_number() -> None:
    trust = judge({"bright_tissue": 0.5}, 0.8, TrustSettings())
    assert trust == Trust(None, None, 0.8, ())
    assert not trust.doubtful


def test_the_promised_dice_is_right_where_the_probabilities_are() -> None:
    rng = np.random.default_rng(0)
    probability = rng.beta(0.3, 0.5, (60, 60, 60)).astype(np.float32)
    truth, mask = rng.random(probability.shape) < probability, probability > 0.5
    dice = 2 * (truth & mask).sum() / (truth.sum() + mask.sum())
    assert expected_dice(probability, mask) == pytest.approx(dice, abs=0.01)
    assert expected_dice(probability, np.zeros_like(mask)) is None


def test_a_head_without_brain_has_no_traits() -> None:
    nothing = np.zeros((20, 20, 20))
    assert measure_traits(nothing, nothing > 0, nothing.astype(np.uint8)) == {}


@pytest.mark.parametrize("what", ["t1", "moved", "cut"])
def test_the_number_rises_on_what_should_not_be_trusted(
    bundle: Bundle, shared: Path, tmp_path: Path, what: str, clean: float
) -> None:
    """T1 given instead of FLAIR, strong motion, a cropped head; the scan itself is familiar."""
    folder = shared / "open_ms" / "patient26"
    flair = nib.load(folder / "flair.nii.gz")
    if what == "t1":
        image = nib.load(folder / "t1.nii.gz")
    else:
        image = _moved(flair) if what == "moved" else flair.slicer[:, :, :115]
    nib.save(image, tmp_path / "given.nii.gz")
    try:
        number = _unfamiliarity(tmp_path / "given.nii.gz", bundle)
    except InputError:
        return  # refused before anything was measured
    assert number > max(1.0, clean + 0.5)


@pytest.fixture(scope="module")
def clean(shared: Path, bundle: Bundle) -> float:
    number = _unfamiliarity(shared / "open_ms" / "patient26" / "flair.nii.gz", bundle)
    assert number < 1.5
    return number


def _unfamiliarity(path: Path, bundle: Bundle) -> float:
    volume = read_nifti(path, Contrast.FLAIR)
    prepared = preprocess(Study(subject="s", volumes={Contrast.FLAIR: volume}))
    traits = measure_traits(prepared.flair.data, prepared.brain, prepared.anatomy)
    number = judge(traits, None, bundle.settings.trust).unfamiliarity
    assert number is not None
    return number


def _moved(image: SpatialImage, poses: int = 6) -> nib.Nifti1Image:
    """As if the head had lain in several poses while the lines of k-space were read."""
    rng = np.random.default_rng(1)
    still = np.asarray(image.dataobj, dtype=np.float32)
    lines = np.array_split(np.arange(still.shape[1]), poses)
    spectrum = np.empty(still.shape, dtype=np.complex64)  # along the axis that is read line by line
    for part in lines:
        turn = Rotation.from_euler("xyz", rng.normal(0, 6, 3), degrees=True).as_matrix()
        middle = (np.array(still.shape) - 1) / 2
        pose = ndimage.affine_transform(
            still, turn, middle - turn @ middle + rng.normal(0, 5, 3), order=1
        )
        spectrum[:, part] = fft.fftshift(fft.fft(pose, axis=1), axes=1)[:, part]
    moved = np.abs(fft.ifft(fft.ifftshift(spectrum, axes=1), axis=1)).astype(np.float32)
    return nib.Nifti1Image(moved, image.affine)
