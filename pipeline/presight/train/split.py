"""Which cases are trained on, tuned on and tested on: always whole patients."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch
from typing import Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from presight.errors import ConfigError

Part = Literal["train", "validation", "test"]


class _Scan(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def dataset(self) -> str: ...
    @property
    def patient(self) -> str: ...


ScanT = TypeVar("ScanT", bound=_Scan)


class Split(BaseModel):
    """Patterns over ``dataset/name`` (``lgg/HT_*``); what matches none is trained on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()


def split_cases(cases: Iterable[ScanT], split: Split) -> dict[Part, tuple[ScanT, ...]]:
    """Cases (or cached volumes) of each part.

    Raises
    ------
    ConfigError
        The patterns put scans of one patient into different parts, or leave nothing to train on.
    """
    cases = tuple(cases)
    parts = {case.id: _part(case, split) for case in cases}
    _check_patients(cases, parts)
    if "train" not in parts.values():
        raise ConfigError("the split leaves no case to train on", where="split")
    names: tuple[Part, ...] = ("train", "validation", "test")
    return {name: tuple(case for case in cases if parts[case.id] == name) for name in names}


def _part(case: _Scan, split: Split) -> Part:
    if _matches(case, split.test):
        return "test"
    return "validation" if _matches(case, split.validation) else "train"


def _matches(case: _Scan, patterns: Iterable[str]) -> bool:
    return any(fnmatch(case.id, pattern) for pattern in patterns)


def _check_patients(cases: Iterable[_Scan], parts: dict[str, Part]) -> None:
    seen: dict[tuple[str, str], Part] = {}
    for case in cases:
        patient = (case.dataset, case.patient)
        if seen.setdefault(patient, parts[case.id]) != parts[case.id]:
            raise ConfigError(
                f"the scans of {case.dataset}/{case.patient} fall into {seen[patient]} and "
                f"{parts[case.id]}",
                where="split",
                expected="all scans of a patient in one part",
            )
