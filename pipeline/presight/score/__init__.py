"""Stage 4: findings and clinical record to an assessment."""

from presight.score.assess import assess
from presight.score.assessment import Assessment, Label
from presight.score.table import read_table, score_table

__all__ = ["Assessment", "Label", "assess", "read_table", "score_table"]
