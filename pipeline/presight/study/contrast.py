"""The MR contrasts that presight knows."""

from __future__ import annotations

from enum import StrEnum


class Contrast(StrEnum):
    """MR contrast of a volume. FLAIR is required, the others are used where they are given."""

    FLAIR = "flair"
    T1 = "t1"
    T1_POST = "t1_post"  # after gadolinium
    T2 = "t2"
    DWI = "dwi"  # trace image at high b
    ADC = "adc"  # 1e-6 mm2/s
    SWI = "swi"  # or T2* gradient echo
