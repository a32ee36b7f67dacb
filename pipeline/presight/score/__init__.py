"""Stage 4: findings and clinical record to an assessment."""

from presight.score.assess import assess
from presight.score.assessment import Assessment, Label

__all__ = ["Assessment", "Label", "assess"]
