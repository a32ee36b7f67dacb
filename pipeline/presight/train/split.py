"""Which cases are trained on, tuned on and tested on: always whole patients."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch
from itertools import combinations
from typing import Literal, Protocol, TypeVar
from zlib import crc32

from pydantic import BaseModel, ConfigDict, field_validator

from presight.errors import ConfigError
from presight.train.datasets.facts import share_patients

Part = Literal["train", "validation", "test"]


class _Scan(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def patient_id(self) -> str: ...


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
        The patterns put scans of one patient, or a scan and a lesion painted into it, or datasets
        with patients in common into different parts, or leave nothing to train on.
    """
    cases = tuple(cases)
    dealt = _patients_of_fold(cases, split.fold) if split.fold else frozenset()
    parts: dict[str, Part] = {
        case.id: "test" if case.patient_id in dealt else _part(case, split) for case in cases
    }
    _check_patients(cases, parts)
    _check_shared_patients(cases, parts)
    if "train" not in parts.values():
        raise ConfigError("the split leaves no case to train on", where="split")
    names: tuple[Part, ...] = ("train", "validation", "test")
    return {name: tuple(case for case in cases if parts[case.id] == name) for name in names}


def _patients_of_fold(cases: Iterable[_Scan], fold: str) -> frozenset[str]:
    """Deal the patients, dataset by dataset, and take every k-th.

    What is painted into a scan follows its host; the order within a dataset comes from a checksum
    and depends on no other patient.
    """
    number, folds = _numbers(fold)
    order = sorted({case.patient_id for case in cases}, key=_place_in_the_deal)
    return frozenset(order[number - 1 :: folds])


def _place_in_the_deal(patient_id: str) -> tuple[str, int, str]:
    dataset, _, patient = patient_id.partition("/")
    return dataset, crc32(patient.encode()), patient


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
    seen: dict[str, Part] = {}
    for case in cases:
        patient = case.patient_id
        if seen.setdefault(patient, parts[case.id]) != parts[case.id]:
            raise ConfigError(
                f"the scans of {patient} fall into {seen[patient]} and {parts[case.id]}",
                where="split",
                expected="all scans of a patient, and what is painted into them, in one part",
            )


def _check_shared_patients(cases: Iterable[_Scan], parts: dict[str, Part]) -> None:
    """Refuse to part datasets whose common patients cannot be told by name."""
    parts_of: dict[str, set[Part]] = {}
    for case in cases:
        parts_of.setdefault(case.patient_id.partition("/")[0], set()).add(parts[case.id])
    for one, other in combinations(parts_of, 2):
        if len(parts_of[one] | parts_of[other]) > 1 and share_patients(one, other):
            raise ConfigError(
                f"{one} and {other} have patients in common, under other names, and do not fall "
                "into one part",
                where="split",
                action="Put both into one part, or leave one of them out of the cache",
            )
