"""Stage 2: where the FLAIR is hyperintense, by a network from a MONAI bundle."""

from presight.segment.bundle import Bundle, BundleIdentity, identify_bundle, load_bundle
from presight.segment.lesions import Lesions
from presight.segment.stage import segment

__all__ = ["Bundle", "BundleIdentity", "Lesions", "identify_bundle", "load_bundle", "segment"]
