"""Drug names as people write them, matched to the classes of ``configs/evidence/drugs.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from presight.config import load_config
from presight.study.clinical import ClinicalRecord


class Interaction(BaseModel):
    """A drug on board that moves the level of a calcineurin inhibitor."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    written: str  # as it stands in the record
    drug: str
    group: str
    direction: str  # key under `interactions`
    name: str  # the direction in words
    effect: str
    source: tuple[str, ...]


def on_board(clinical: ClinicalRecord, drug_class: str) -> str | None:
    """Name of the first drug in the record that belongs to a class, ``None`` if there is none."""
    members = _drugs()["classes"][drug_class]["members"]
    found = (_member(name, members) for name in _written(clinical))
    return next((drug for drug in found if drug), None)


def interactions(clinical: ClinicalRecord) -> tuple[Interaction, ...]:
    """Every drug in the record that raises or lowers the level of a calcineurin inhibitor."""
    subjects = {on_board(clinical, "calcineurin_inhibitor")}
    hits = (hit for name in _written(clinical) for hit in _interacting(name))
    return tuple(hit for hit in hits if hit.drug not in subjects)


def unknown_names(clinical: ClinicalRecord) -> tuple[str, ...]:
    """Interacting drugs of the record that no list names."""
    return tuple(name for name in clinical.interacting_drugs if not _listed(name))


def named_in(text: str, drug_class: str) -> tuple[str, ...]:
    """Every drug of a class that a text names."""
    members: Mapping[str, Sequence[str]] = _drugs()["classes"][drug_class]["members"]
    return tuple(drug for drug, names in members.items() if _member(text, {drug: names}))


def _listed(written: str) -> bool:
    subject = named_in(written, "calcineurin_inhibitor")
    return bool(subject) or any(True for _ in _interacting(written))


def _interacting(written: str) -> Iterable[Interaction]:
    for direction, entry in _drugs()["interactions"].items():
        for group, members in entry["groups"].items():
            drug = _member(written, members)
            if drug:
                yield Interaction(
                    written=written,
                    drug=drug,
                    group=group,
                    direction=direction,
                    name=entry["name"],
                    effect=entry["effect"],
                    source=tuple(entry["source"]),
                )


def _member(written: str, members: Mapping[str, Sequence[str]]) -> str | None:
    text = written.lower()
    for drug, names in members.items():
        if any(re.search(rf"(?<![a-z]){re.escape(name)}", text) for name in names):
            return drug
    return None


def _written(clinical: ClinicalRecord) -> tuple[str, ...]:
    return tuple(drug.name for drug in clinical.drugs) + tuple(clinical.interacting_drugs)


def _drugs() -> Any:
    return load_config("evidence/drugs.yaml")
