"""Clinical severity of neurotoxicity, from the signs that are known."""

from __future__ import annotations

from presight.config import load_config
from presight.score.assessment import Severity
from presight.score.facts import Facts


def severity(facts: Facts) -> Severity:
    """Highest grade that a known sign belongs to; ``None`` where no sign is known.

    The list counts PRES and leukoencephalopathy on imaging as severe, even when the symptoms
    are mild; the reason then names both.
    """
    grades = load_config("evidence/severity.yaml")["grades"]
    signs = {
        grade: [said for sign, said in entry["signs"].items() if facts.holds(sign)]
        for grade, entry in grades.items()
    }
    known = [grade for grade in grades if signs[grade]]
    if not known:
        return Severity(grade=None, because="No sign is known.", source=())
    because = "; ".join(f"{grade}: {', '.join(signs[grade])}" for grade in known)
    return Severity(grade=known[0], because=because, source=tuple(grades[known[0]]["source"]))
