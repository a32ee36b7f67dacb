"""Stage 3: what a neuroradiologist would measure, with units."""

from presight.measure.findings import Findings, RegionVolume, Side
from presight.measure.stage import measure

__all__ = ["Findings", "RegionVolume", "Side", "measure"]
