"""Severity on imaging under published names, as far as their text is known."""

from __future__ import annotations

from presight.config import load_config
from presight.measure.details import Background, Grading


def gradings(background: Background | None) -> tuple[Grading, ...]:
    """Grade what can be graded; where the text of a grading was not seen, say so and give none."""
    table = load_config("measure/gradings.yaml")
    return tuple(
        Grading(
            name=entry["name"],
            grade=_fazekas(background) if name == "fazekas" else None,
            because=entry.get("why_none") or _because(background),
            source=tuple(entry["source"]),
        )
        for name, entry in table.items()
    )


def _fazekas(background: Background | None) -> str | None:
    if background is None or not background.grades:
        return None
    return " or ".join(str(grade) for grade in background.grades)


def _because(background: Background | None) -> str:
    return "the load was not measured" if background is None else background.said[0].rstrip(".")
