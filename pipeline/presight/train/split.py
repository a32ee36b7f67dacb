"""Which cases are trained on, tuned on and tested on: always whole patients."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch
from typing import Literal, Protocol, TypeVar
from zlib import crc32

from pydantic import BaseModel, ConfigDict, field_validator

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
    """Patterns over ``dataset/name`` (``lgg/HT_*``); what matches none is trained on.

    With ``fold`` (``"2/5"``) the patients are dealt into five folds and those of the second are
    tested on as well.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    fold: str | None = None

    @field_validator("fold")
    @classmethod
    def _one_of_several(cls, fold: str | None) -> str | None:
        if fold is not None:
            number, folds = _numbers(fold)
            if not 1 <= number <= folds or folds < 2:
                raise ValueError("the fold is not one of its folds")
        return fold


def split_cases(cases: Iterable[ScanT], split: Split) -> dict[Part, tuple[ScanT, ...]]:
    """Cases (or cached volumes) of each part.

    Raises
    ------
    ConfigError
        The patterns put scans of one patient into different parts, or leave nothing to train on.
    """
    cases = tuple(cases)
    dealt = _patients_of_fold(cases, split.fold) if split.fold else frozenset()
    parts: dict[str, Part] = {
        case.id: "test" if case.patient in dealt else _part(case, split) for case in cases
    }
    _check_patients(cases, parts)
    if "train" not in parts.values():
        raise ConfigError("the split leaves no case to train on", where="split")
    names: tuple[Part, ...] = ("train", "validation", "test")
    return {name: tuple(case for case in cases if parts[case.id] == name) for name in names}


def _patients_of_fold(cases: Iterable[_Scan], fold: str) -> frozenset[str]:
    """Deal the patients, dataset by dataset, and take every k-th.

    A patient goes by name alone, so that what is painted into a scan follows its host; the order
    within a dataset comes from a checksum and depends on no other patient.
    """
    number, folds = _numbers(fold)
    home: dict[str, str] = {}
    for case in cases:
        home[case.patient] = min(case.dataset, home.get(case.patient, case.dataset))
    order = sorted(home, key=lambda patient: (home[patient], crc32(patient.encode())))
    return frozenset(order[number - 1 :: folds])


def _numbers(fold: str) -> tuple[int, int]:
    number, _, folds = fold.partition("/")
    return int(number), int(folds)


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
