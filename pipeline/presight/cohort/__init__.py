"""Many studies: on one machine or a cluster, resumable, a failed one never stops the rest."""

from presight.cohort.group import write_group
from presight.cohort.options import RunOptions
from presight.cohort.outcome import Outcome
from presight.cohort.run import plan_cohort, run_cohort

__all__ = ["Outcome", "RunOptions", "plan_cohort", "run_cohort", "write_group"]
