"""Stage 1: reorient, resample, find the brain, correct bias, normalise, align."""

from presight.preprocess.prepared import Prepared, Quality
from presight.preprocess.stage import preprocess, to_native

__all__ = ["Prepared", "Quality", "preprocess", "to_native"]
