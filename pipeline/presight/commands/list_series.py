"""What ``presight run --list-series`` shows: which series would be taken, and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from presight.dicom.choose import Verdict, Wishes
from presight.dicom.files import FileRef
from presight.dicom.index import Index
from presight.dicom.inputs import Examination, find_examinations
from presight.errors import InputError

SOME_WITHOUT_FLAIR = 1


def list_series(paths: Sequence[Path], wishes: Wishes, *, as_json: bool) -> int:
    """Print the choice for every examination below the paths; nothing is run.

    Raises
    ------
    InputError
        No path was given, or one holds no MR image.
    """
    if not paths:
        raise InputError("no input was given", expected="a DICOM folder, zip or DICOMDIR")
    found = [find_examinations(path, wishes) for path in paths]
    examinations = [one for several, _ in found for one in several]
    if as_json:
        print(json.dumps([_as_json(one) for one in examinations], indent=2))
    else:
        _print(examinations, [index for _, index in found])
    return 0 if all("flair" in one.choice.taken for one in examinations) else SOME_WITHOUT_FLAIR


def _as_json(examination: Examination) -> dict[str, Any]:
    return {
        "study": examination.stem,
        "series": [_row(verdict) for verdict in examination.choice.verdicts],
    }


def _row(verdict: Verdict) -> dict[str, Any]:
    stack = verdict.stack
    return {
        "number": stack.series.number,
        "volume": stack.volume,
        "uid": stack.series.uid,
        "description": stack.series.description,
        "shape": list(stack.grid.shape) if stack.grid else None,
        "spacing_mm": [round(mm, 3) for mm in stack.grid.spacing_mm] if stack.grid else None,
        "contrast": verdict.contrast,
        "taken": verdict.taken,
        "why": verdict.why,
    }


def _print(examinations: Iterable[Examination], indices: Iterable[Index]) -> None:
    for examination in examinations:
        print(examination.stem)
        for _, alike in groupby(examination.choice.verdicts, _what_is_shown):
            print(_lines(list(alike)))
    for index in indices:
        for sentence in _left_aside(index):
            print(sentence)


def _what_is_shown(verdict: Verdict) -> tuple[Any, ...]:
    """Volumes of one series that are the same in this are shown as one."""
    return verdict.stack.series.uid, verdict.taken, verdict.why


def _lines(verdicts: Sequence[Verdict]) -> str:
    first, last = _row(verdicts[0]), _row(verdicts[-1])
    name = f"series {first['number'] if first['number'] is not None else '?'}"
    if last["volume"] > 1:
        name += f" #{first['volume']}" + f" to #{last['volume']}" * (len(verdicts) > 1)
    head = f"  {first['contrast'] if first['taken'] else '-':8} {name}  {first['description']}"
    indent = " " * 11
    return "\n".join(
        (f"{head}  {_size(first)}", f"{indent}{first['why']}", f"{indent}{first['uid']}")
    )


def _size(row: dict[str, Any]) -> str:
    if not row["shape"]:
        return ""
    mm = " x ".join(f"{value:.2g}" for value in row["spacing_mm"])
    return f"{' x '.join(map(str, row['shape']))} voxels of {mm} mm"


def _left_aside(index: Index) -> list[str]:
    reasons = Counter(_reason(skipped) for skipped in index.skipped)
    sentences = [f"{_files(count)}: {reason}." for reason, count in reasons.most_common()]
    if index.duplicates:
        sentences.append(f"{_files(index.duplicates)}: an image that is there twice, read once.")
    return sentences


def _files(count: int) -> str:
    return f"{count} file" + "s" * (count != 1)


def _reason(skipped: tuple[FileRef, InputError]) -> str:
    return skipped[1].found
