"""What comes in: images with geometry and the clinical record, checked, with units."""

from presight.study.clinical import ClinicalRecord
from presight.study.contrast import Contrast
from presight.study.load import StudyInput, load_study
from presight.study.study import Study
from presight.study.volume import Grid, Volume

__all__ = ["ClinicalRecord", "Contrast", "Grid", "Study", "StudyInput", "Volume", "load_study"]
