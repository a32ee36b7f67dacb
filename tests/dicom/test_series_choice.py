"""Which series is which, told from headers as the makers write them."""

from __future__ import annotations

import pytest

from presight.dicom.choose import choose, read_wishes
from presight.dicom.files import FileRef
from presight.dicom.rules import judge
from presight.dicom.series import Frame, SeriesInfo, Traits
from presight.dicom.stack import Stack
from presight.errors import InputError
from presight.study import Contrast


def stack(description="", sequence=(), slices=24, repeats=1, uid="1.2.3", **traits) -> Stack:
    """Series with the header of a scanner; its slices lie nowhere."""
    what = Traits(256, 256, (0.9, 0.9), **traits)
    frames = tuple(
        Frame(FileRef(None), z, f"{uid}.{z}", (0, 0, z), (1, 0, 0, 0, 1, 0), (0.9, 0.9), what)
        for z in range(slices)
    )
    info = SeriesInfo(uid, "1", "p", 1, description, sequence=sequence)
    return Stack(info, frames, None, "lies nowhere", repeats=repeats)


def times(tr, te, ti=None) -> dict:
    return {"repetition_time_ms": tr, "echo_time_ms": te, "inversion_time_ms": ti}


KNOWN = [
    # maker's way of naming -> contrast
    ("t2_tirm_tra_dark-fluid", ("SE", "IR"), times(9000, 87, 2500), Contrast.FLAIR),  # Siemens
    ("AX T2 FLAIR", ("SE", "IR"), times(8800, 120, 2250), Contrast.FLAIR),  # GE
    ("3D_Brain_VIEW_FLAIR_SHC", ("IR",), times(4800, 340, 1650), Contrast.FLAIR),  # Philips
    ("Ax FLAIR +C", ("SE", "IR"), {**times(9000, 120, 2500), "agent": True}, Contrast.FLAIR),
    ("sequence 4", ("SE", "IR"), times(9000, 110, 2400), Contrast.FLAIR),  # by its times alone
    ("AX T1 FLAIR", ("SE", "IR"), times(2000, 9, 860), Contrast.T1),
    ("t1_mprage_sag_p2_iso", ("GR", "IR"), times(1900, 2.5, 900), Contrast.T1),
    ("T1 POST GAD", ("SE",), {**times(500, 9), "agent": True}, Contrast.T1_POST),
    ("t1_mprage_KM", ("GR", "IR"), {**times(1900, 2.5, 900), "agent": True}, Contrast.T1_POST),
    ("T2W_TSE", ("SE",), times(4000, 100), Contrast.T2),
    ("ep2d_diff_3scan_trace_TRACEW", ("EP",),
     {**times(5000, 90), "b_value": 1000.0, "image_type": ("DERIVED", "PRIMARY", "TRACEW")},
     Contrast.DWI),
    ("DWI_b1000", ("EP",), {**times(4000, 80), "b_value": 1000.0, "directionality": "ISOTROPIC"},
     Contrast.DWI),
    ("ep2d_diff_3scan_trace_ADC", ("EP",),
     {**times(5000, 90), "image_type": ("DERIVED", "PRIMARY", "DIFFUSION", "ADC")}, Contrast.ADC),
    ("SWI_Images", ("GR",), times(28, 20), Contrast.SWI),
    ("AX T2* GRE", ("GR",), times(600, 20), Contrast.SWI),
]  # fmt: skip

LEFT_OUT = [
    ("localizer", {}, "localiser"),
    ("Survey_SHC", {}, "localiser"),
    ("FLAIR_MPR_cor", {"image_type": ("DERIVED", "SECONDARY", "MPR")}, "reformat"),
    ("SWI mIP", {"image_type": ("DERIVED", "PRIMARY", "MNIP")}, "projection"),
    ("Pha_Images", {"image_type": ("ORIGINAL", "PRIMARY", "P")}, "phase"),
    ("FLAIR report", {"image_type": ("DERIVED", "SECONDARY", "SCREEN SAVE")}, "screen"),
    ("c-spine STIR", {}, "another part of the body"),
    ("ep2d_diff_FA", {}, "diffusion other than ADC"),
    ("3D TOF", {}, "angiogram"),
]


@pytest.mark.parametrize(
    ("name", "sequence", "traits", "contrast"), KNOWN, ids=lambda v: str(v)[:30]
)
def test_contrasts_are_told_from_names_and_times(name, sequence, traits, contrast):
    opinion = judge(stack(name, sequence, **traits))
    assert opinion.contrast == contrast, opinion


@pytest.mark.parametrize(("name", "traits", "why"), LEFT_OUT, ids=lambda v: str(v)[:20])
def test_what_is_no_image_of_its_own_is_left_out_with_the_reason(name, traits, why):
    opinion = judge(stack(name, **traits))
    assert opinion.contrast is None
    assert why in " ".join(opinion.left_out)


def test_unknown_numbers_speak_neither_for_nor_against():
    assert judge(stack("")).points == {}


def test_the_image_has_the_last_word():
    """A series that is called FLAIR and makes no volume is not taken, and the reason is shown."""
    (verdict,) = choose([stack("AX FLAIR")]).verdicts
    assert not verdict.taken
    assert "lies nowhere" in verdict.why


@pytest.mark.parametrize("word", ["flair", "flair=", "nothing=1.2", "flair=1.2#two"])
def test_a_wish_that_cannot_be_understood_is_said_so(word):
    with pytest.raises(InputError, match="not understood"):
        read_wishes([word])


def test_a_contrast_can_be_unwished():
    assert read_wishes(["t1-post=none", "flair=1.2.3#2"])[Contrast.T1_POST] is None
