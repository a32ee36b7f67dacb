"""How well a bundle finds what people drew: scans in, figures with intervals out."""

from presight.evaluate.case import CaseScore, score_case
from presight.evaluate.comparison import Comparison
from presight.evaluate.summary import Summary, summarise
from presight.evaluate.write import write_evaluation

__all__ = [
    "CaseScore",
    "Comparison",
    "Summary",
    "score_case",
    "summarise",
    "write_evaluation",
]
