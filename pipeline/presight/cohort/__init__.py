"""Many studies: one after the other, resumable, a failed one never stops the rest."""

from presight.cohort.run import Outcome, RunOptions, run_cohort

__all__ = ["Outcome", "RunOptions", "run_cohort"]
