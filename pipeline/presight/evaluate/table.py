"""The summary as a table of words: for the terminal and for a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from presight.evaluate.groups import ALL
from presight.evaluate.summary import Figure, Summary

UNKNOWN = "n/a"
_GAPS = "other models"
NOMINAL = "*"
NOMINAL_NOTE = (
    f"{NOMINAL} Voxel spacing was lost and is estimated: nominal, good for comparing models on the "
    "same scans, not to be quoted as a volume or a distance."
)


@dataclass(frozen=True)
class Column:
    """One column: its heading, the words of a group, and whether a narrow table has it."""

    heading: str
    words: Callable[[Summary], str]
    brief: bool


@dataclass(frozen=True)
class Section:
    """Rows that belong together: the groups by one thing.

    Attributes
    ----------
    by : str
    rows : tuple of tuple of str
    """

    by: str
    rows: tuple[tuple[str, ...], ...]

    @property
    def title(self) -> str:
        """What stands above the rows."""
        return {ALL: "All scans", _GAPS: "Other models"}.get(self.by, f"By {self.by}")


def headings(*, brief: bool = False) -> tuple[str, ...]:
    """Heading of every column, the first of which names the scans."""
    return ("scans", *(column.heading for column in _columns(brief)))


def sections(
    summaries: Sequence[Summary], not_measured: Mapping[str, str], *, brief: bool = False
) -> tuple[Section, ...]:
    """One row a group; at the end one for each model that was not measured.

    Parameters
    ----------
    summaries : sequence of Summary
    not_measured : mapping of str to str
        Model to the reason.
    brief : bool
        Only the columns that fit a terminal.
    """
    parts = list(dict.fromkeys(summary.by for summary in summaries))
    measured = [Section(by, tuple(_row(s, brief) for s in summaries if s.by == by)) for by in parts]
    empty = [""] * (len(_columns(brief)) - 1)
    gaps = tuple((name, reason, *empty) for name, reason in not_measured.items())
    return (*measured, *([Section(_GAPS, gaps)] if gaps else []))


def _columns(brief: bool) -> tuple[Column, ...]:
    return tuple(column for column in _COLUMNS if column.brief or not brief)


def _row(summary: Summary, brief: bool) -> tuple[str, ...]:
    name = "all scans" if summary.by == ALL else summary.name
    return (name, *(column.words(summary) for column in _columns(brief)))


def _figure(name: str, digits: int, *, interval: bool = True) -> Callable[[Summary], str]:
    def words(summary: Summary) -> str:
        return _words(summary.figures[name], digits, _mark(summary, name), interval)

    return words


def _words(figure: Figure, digits: int, mark: str, interval: bool) -> str:
    if figure.value is None:
        return UNKNOWN
    value = f"{figure.value:.{digits}f}{mark}"
    if figure.interval is None or not interval:
        return value
    low, high = figure.interval
    return f"{value} [{low:.{digits}f}, {high:.{digits}f}]"


def _median_and_max(name: str) -> Callable[[Summary], str]:
    def words(summary: Summary) -> str:
        mark = _mark(summary, f"{name}_median")
        median, largest = (summary.figures[f"{name}_{which}"].value for which in ("median", "max"))
        if median is None or largest is None:
            return UNKNOWN
        return f"{median:.2f}{mark} (max {largest:.1f}{mark})"

    return words


def _mark(summary: Summary, name: str) -> str:
    return NOMINAL if summary.is_nominal(name) else ""


def _detected(summary: Summary) -> str:
    return f"{summary.detected} of {summary.with_lesion}" if summary.with_lesion else UNKNOWN


_COLUMNS = (
    Column("number (patients)", lambda s: f"{s.scans} ({s.patients})", brief=True),
    Column("Dice, median", _figure("dice_median", 2), brief=True),
    Column("Dice, mean", _figure("dice_mean", 2), brief=False),
    Column("HD95 mm, median", _figure("hd95_mm_median", 1, interval=False), brief=True),
    Column("lesion recall", _figure("lesion_recall_mean", 2, interval=False), brief=True),
    Column("lesion precision", _figure("lesion_precision_mean", 2, interval=False), brief=True),
    Column("lesion F1", _figure("lesion_f1_mean", 2), brief=True),
    Column("lesion F1, one-to-one", _figure("matched_f1_mean", 2), brief=False),
    Column("volume error %", _figure("volume_error_percent_median", 0, interval=False), brief=True),
    Column("volume error mL", _figure("volume_error_ml_median", 1, interval=False), brief=False),
    Column("ECE", _figure("ece_mean", 4), brief=False),
    Column("found", _detected, brief=True),
    Column("false mL, no lesion", _median_and_max("false_ml"), brief=True),
    Column("false mL, free slices", _median_and_max("free_slices_false_ml"), brief=True),
)
