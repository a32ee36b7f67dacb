"""Two studies of one patient: the first says where the lesion was, the second what became of it."""

from __future__ import annotations

from presight.measure.findings import Findings
from presight.score.derived import Quantity

# Of the new study alone: what was done, and how it compares.
_OF_THE_DAY = ("source", "sequences", "quality_doubts", "change", "days_since_prior")


def followed(previous: Findings, current: Findings) -> Findings:
    """Merge the findings for the diagnosis: those of one study, with what only the other looked at.

    A lesion that has resolved is no longer seen; where it was remains evidence. One that has grown,
    perhaps out of nothing, is judged as it is now. So each fact is counted once, from the study
    with the larger lesion, the first one where that is not known.
    """
    grown = (current.lesion_ml or 0) > (previous.lesion_ml or 0) and previous.lesion_ml is not None
    at_worst, other = (current, previous) if grown else (previous, current)
    seen, more, today = (each.model_dump() for each in (at_worst, other, current))
    new = {name: value for name, value in more.items() if seen[name] in (None, (), {})}
    return Findings(**(seen | new | {name: today[name] for name in _OF_THE_DAY}))


def volume_ratio(previous: Findings | None, current: Findings) -> float | None:
    """Lesion volume now as a share of the volume before."""
    if previous is None or current.lesion_ml is None or not previous.lesion_ml:
        return None
    return current.lesion_ml / previous.lesion_ml


def trend(previous: Findings | None, current: Findings) -> str | None:
    """Sentence on the change since the previous study, ``None`` where nothing is known of it."""
    ratio: Quantity = volume_ratio(previous, current)
    days = current.days_since_prior
    since = "" if days is None else f" after {days:.0f} days"
    if ratio is not None and previous is not None:
        return (
            f"Lesion volume {current.lesion_ml:.1f} mL{since}, "
            f"{ratio:.0%} of {previous.lesion_ml:.1f} mL before"
        )
    return None if current.change is None else f"Lesion {current.change}{since}"
