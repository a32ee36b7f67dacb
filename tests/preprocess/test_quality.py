"""What is wrong with an image is seen, said and, where nothing can be made of it, refused."""

import numpy as np
import pytest
import SimpleITK as sitk

from presight.config import load_config
from presight.errors import InputError
from presight.preprocess import preprocess
from presight.preprocess.acquisition import acquisition
from presight.preprocess.anatomy import Anatomy
from presight.preprocess.appearance import appearance
from presight.preprocess.atlas import load_atlas
from presight.preprocess.conform import conform
from presight.preprocess.coverage import coverage
from presight.preprocess.find import find_anatomy
from presight.preprocess.quality import judge, numbers_of, refuse
from presight.study import Contrast, Grid, Study, Volume
from presight.study.nifti import read_nifti

IDENTITY = sitk.AffineTransform(3)


@pytest.fixture(scope="module")
def anatomy():
    atlas = load_atlas()
    return Anatomy(atlas.labels, atlas.tissue, IDENTITY, "the atlas itself")


def image_with(grey, white, fluid, around=0.0):
    """A head of the reference anatomy with these intensities."""
    atlas = load_atlas()
    rest = np.clip(1 - atlas.grey - atlas.white, 0, 1)
    brain = grey * atlas.grey + white * atlas.white + fluid * rest
    data = np.where(atlas.brain, brain, around).astype(np.float32)
    return Volume(data, atlas.grid, Contrast.FLAIR)


def doubtful(numbers):
    return {quality.name for quality in judge(numbers) if quality.doubtful}


def test_a_flair_passes(anatomy):
    flair = image_with(grey=110, white=100, fluid=20)
    numbers = appearance(flair, anatomy)
    refuse(numbers, flair)
    assert doubtful(numbers) == set()


@pytest.mark.parametrize(
    ("looks_like", "values"),
    [
        ("T1", {"grey": 70, "white": 100, "fluid": 20}),
        ("T2", {"grey": 130, "white": 100, "fluid": 300}),
        ("CT", {"grey": 37, "white": 28, "fluid": 8, "around": 800}),
        ("CT", {"grey": 37, "white": 28, "fluid": 8, "around": -1000}),
    ],
)
def test_another_contrast_is_refused_with_its_name(anatomy, looks_like, values):
    volume = image_with(**values)
    with pytest.raises(InputError, match=f"looks like a {looks_like}, not a FLAIR"):
        refuse(appearance(volume, anatomy), volume)


def test_a_third_of_the_brain_bright_is_still_a_flair(anatomy):
    flair = image_with(grey=110, white=100, fluid=20)
    ids = [n for n, label in load_config("anatomy.yaml")["labels"].items() if n <= 10 and n % 2]
    flair.data[np.isin(anatomy.labels, ids) & (flair.data > 50)] *= 1.8
    numbers = appearance(flair, anatomy)
    refuse(numbers, flair)
    assert doubtful(numbers) == set()


STACK = Grid((120, 140, 30), np.diag([1.5, 1.5, 4.0, 1.0]))


def scan(noise=0.01, ghost=0.0):
    """A smooth ball of brightness 1 in noisy air, and where it is."""
    rng = np.random.default_rng(5)
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) for n in STACK.shape), indexing="ij")
    ball = (x / 0.7) ** 2 + (y / 0.7) ** 2 + (z / 1.2) ** 2 < 1
    data = np.where(ball, 1 + 0.3 * np.cos(9 * x) * np.cos(8 * y) * np.cos(3 * z), 0)
    data = data + ghost * np.roll(data, 70, axis=1)
    data = np.hypot(data + noise * rng.standard_normal(data.shape), noise)
    return data.astype(np.float32), ball


def measured(data, ball):
    return acquisition(Volume(data, STACK, Contrast.FLAIR), ball, 1.0)


def test_a_sound_scan_is_not_doubted():
    assert doubtful(measured(*scan())) == set()


@pytest.mark.parametrize("noise", [0.02, 0.05, 0.15])
def test_noise_is_measured(noise):
    found = measured(*scan(noise))
    assert found["noise"] == pytest.approx(noise, rel=0.1)
    assert ("noise" in doubtful(found)) == (noise > 0.12)


def test_a_ghost_is_seen():
    assert "ghost" in doubtful(measured(*scan(ghost=0.18)))


def test_without_air_a_ghost_is_unknown_and_no_doubt():
    data, ball = scan()
    found = measured(np.where(ball, data, 0), ball)
    assert found["ghost"] is None
    (said,) = [q for q in judge(found) if q.name == "ghost"]
    assert (said.value, said.doubtful) == (None, False)
    assert "could not be looked for" in said.sentence


def test_slices_that_jump_move_or_are_dead_are_seen():
    data, ball = scan()
    darker = data.copy()
    darker[:, :, 14] *= 0.7
    assert "slice_jump" in doubtful(measured(darker, ball))
    moved = data.copy()
    moved[:, :, ::2] = np.roll(moved[:, :, ::2], 4, axis=0)
    assert "slice_zigzag" in doubtful(measured(moved, ball))
    repeated = data.copy()
    repeated[:, :, 12] = repeated[:, :, 11]
    repeated[:, :, 20] = 0
    assert measured(repeated, ball)["dead_slices"] == 2


def test_a_head_folded_over_the_edge_is_seen():
    data, ball = scan()
    found = measured(np.roll(data, 40, axis=1), np.roll(ball, 40, axis=1))
    assert "wrapped" in doubtful(found)


def test_what_lies_outside_the_image_is_said():
    atlas = load_atlas()
    grid = atlas.grid
    assert set(coverage(grid, IDENTITY).values()) == {0.0}
    bottom, top = np.flatnonzero(atlas.brain.any(axis=(0, 1)))[[0, -1]]
    x, y, _ = grid.shape
    no_vertex = coverage(Grid((x, y, int(top) - 12), grid.affine), IDENTITY)
    assert "vertex_outside_share" in doubtful(no_vertex)
    raised = grid.affine.copy()
    raised[2, 3] += int(bottom) + 45
    no_hindbrain = coverage(Grid((x, y, grid.shape[2]), raised), IDENTITY)
    assert "hindbrain_outside_share" in doubtful(no_hindbrain)
    assert no_hindbrain["vertex_outside_share"] == 0


def test_every_sentence_can_be_said():
    for rule in load_config("quality.yaml")["rules"].values():
        for side in (rule, rule.get("low"), rule.get("high")):
            if side:
                assert side["says"].format(value=0.5)[-1] == "."
                assert "refused" not in side or {"expected", "action"} <= side.keys()


OTHER_CONTRASTS = [
    "open_ms/patient07/t1.nii.gz",
    "open_ms/patient26/t1.nii.gz",
    "mslesseg/P18_T1/t1.nii.gz",
    "open_ms_longitudinal/patient12_study1/t1.nii.gz",
    "open_ms_longitudinal/patient12_study1/t2.nii.gz",
]
FLAIRS = ["open_ms_longitudinal/patient12_study1/flair.nii.gz", "lgg/DU_7014/flair.nii.gz"]


def seen(path):
    native = read_nifti(path, Contrast.FLAIR)
    flair = conform(native, 1.0)
    anatomy = find_anatomy(flair, load_config("preprocess.yaml"))
    return numbers_of(native, flair, anatomy, float(np.median(flair.data[anatomy.brain]))), native


def said_of_the_contrast(numbers):
    return doubtful(numbers) & {"white_brighter", "fluid_over_white"}


@pytest.mark.parametrize("name", OTHER_CONTRASTS)
def test_no_real_t1_or_t2_passes_as_a_flair(shared, name):
    numbers, _ = seen(shared / name)
    assert said_of_the_contrast(numbers)  # what is refused is doubtful as well


@pytest.mark.parametrize("name", FLAIRS)
def test_a_real_flair_is_not_taken_for_another_contrast(shared, name):
    numbers, native = seen(shared / name)
    refuse(numbers, native)
    assert not said_of_the_contrast(numbers)


def test_a_t1_is_refused_by_the_whole_stage(shared):
    t1 = read_nifti(shared / "open_ms/patient07/t1.nii.gz", Contrast.FLAIR)
    with pytest.raises(InputError, match="looks like a T1"):
        preprocess(Study("x", {Contrast.FLAIR: t1}))
