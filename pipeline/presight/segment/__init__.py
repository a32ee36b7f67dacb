"""Stage 2: where the FLAIR is hyperintense, by a network from a MONAI bundle."""

from presight.segment.bundle import Bundle, load_bundle
from presight.segment.lesions import Lesions
from presight.segment.stage import segment

__all__ = ["Bundle", "Lesions", "load_bundle", "segment"]
