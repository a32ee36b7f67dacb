"""What a person sees in the terminal: progress while waiting, a table at the end."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from presight.cohort import Outcome
from presight.cohort.outcome import DONE
from presight.pipes import leave
from presight.run import STAGES
from presight.score import Label
from presight.score.assessment import Classification
from presight.study import StudyInput


class _Console(Console):
    """rich's own, which ends as every command does when nobody reads what it prints."""

    def on_broken_pipe(self) -> None:
        leave()


errors = _Console(stderr=True, highlight=False)

Show = Callable[[StudyInput, str], None]

_NAMES = {
    Label.PRES: "PRES",
    Label.TOXIC: "toxic leukoencephalopathy",
    Label.OTHER: "other",
    Label.NO_FINDING: "no finding",
    Label.INDETERMINATE: "indeterminate",
}


def say(sentence: str) -> None:
    """Tell the person at the keyboard something, beside the results."""
    errors.print(Text(sentence), soft_wrap=True)


@contextmanager
def progress(total: int) -> Iterator[Show]:
    """Show a bar on a terminal, and a plain line a study elsewhere.

    Yields
    ------
    callable of (study, stage)
        To be told of every stage that begins.
    """
    if not errors.is_terminal:
        yield _plain_lines(total)
        return
    with _bar() as bar:
        task = bar.add_task("starting", total=total * len(STAGES))
        steps_of = _stepper()

        def show(study: StudyInput, stage: str) -> None:
            bar.update(task, advance=steps_of(study, stage), description=f"{study.stem}  {stage}")

        yield show


@contextmanager
def steps(total: int) -> Iterator[Callable[[str], None]]:
    """Show how many of equal pieces of work are done: a bar, or a plain line a piece.

    Yields
    ------
    callable of str
        To be told the name of every piece as it begins.
    """
    if not errors.is_terminal:
        numbers = count(1)
        yield lambda name: errors.print(Text(f"{next(numbers)}/{total} {name}"), soft_wrap=True)
        return
    with _bar() as bar:
        task = bar.add_task("", total=total, completed=-1)
        yield lambda name: bar.update(task, advance=1, description=name)


def print_table(
    heading: Sequence[str], sections: Sequence[tuple[str, Sequence[Sequence[str]]]]
) -> None:
    """Print figures in columns, a line between sections; the first column names the row."""
    console = _Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    table = Table(caption="Research use only.", caption_justify="left")
    for place, name in enumerate(heading):
        table.add_column(name, justify="right" if place else "left")
    for name, rows in sections:
        table.add_section()
        if len(rows) > 1:
            table.add_row(Text(f"by {name}", style="italic"))
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def print_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Print one row a study: verdict, probabilities with intervals, the page; then the failures."""
    console = _Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    done = [outcome for outcome in outcomes if outcome.classification]
    if len(done) == 1 and done[0].classification:
        console.print(_one(done[0].classification))
    elif done:
        console.print(_many(done[:_MANY]))
        if len(done) > _MANY:
            console.print(f"and {len(done) - _MANY} more, all of them in assessments.tsv")
    for outcome in done:
        if len(done) <= _FEW and outcome.report:
            console.print(Text(f"page: {outcome.report}"), soft_wrap=True)
    for outcome in outcomes:
        if outcome.failure:
            text = f"failed at {outcome.failure.stage}: {outcome.failure.sentence}"
            errors.print(Text(text), soft_wrap=True)


def print_plan(outcomes: Iterable[Outcome]) -> None:
    """Print what a run would do: a line a study as it is looked at, then the counts."""
    counts: Counter[str] = Counter()
    for outcome in outcomes:
        what = "keep" if outcome.kept else "refuse" if outcome.failure else "run"
        counts[what] += 1
        why = outcome.failure.sentence if outcome.failure else outcome.why
        print(f"{what:7}{outcome.study.stem}{f'  ({why})' if why else ''}")
    say(f"{counts['run']} to run, {counts['keep']} to keep, {counts['refuse']} refused.")


_FEW, _MANY = 5, 50


def _one(classification: Classification) -> Table:
    table = Table(
        title=f"Verdict: {_NAMES[classification.label]}",
        caption=f"{classification.because.rstrip('.')}. Research use only.",
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("class")
    table.add_column("probability", justify="right")
    table.add_column(f"{classification.interval_mass:.0%} interval", justify="right")
    ranked = sorted(classification.probabilities.items(), key=lambda item: -item[1])
    for label, probability in ranked:
        interval = classification.interval[label]
        span = f"{interval.low:.2f} to {interval.high:.2f}"
        table.add_row(_NAMES[label], f"{probability:.2f}", span)
    return table


def _many(outcomes: Sequence[Outcome]) -> Table:
    table = Table(caption="Research use only.", caption_justify="left")
    table.add_column("study")
    table.add_column("verdict")
    for label in (Label.PRES, Label.TOXIC, Label.OTHER, Label.NO_FINDING):
        table.add_column(_NAMES[label], justify="right")
    table.add_column("")
    for outcome in outcomes:
        if outcome.classification is None:
            continue
        found = outcome.classification
        numbers = [f"{found.probabilities[label]:.2f}" for label in found.probabilities]
        kept = "kept from an earlier run" if outcome.kept else ""
        table.add_row(outcome.study.stem, _NAMES[found.label], *numbers, kept)
    return table


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
    )


def _plain_lines(total: int) -> Show:
    numbers = count(1)

    def show(study: StudyInput, stage: str) -> None:
        if stage == DONE:
            errors.print(Text(f"{next(numbers)}/{total} {study.stem}"), soft_wrap=True)

    return show


def _stepper() -> Callable[[StudyInput, str], int]:
    """Count the steps by which a study moves on; several studies can be under way."""
    places: dict[str, int] = {}

    def moved(study: StudyInput, stage: str) -> int:
        place = len(STAGES) if stage == DONE else STAGES.index(stage)
        before = places.pop(study.stem, 0)
        if stage != DONE:
            places[study.stem] = place
        return place - before

    return moved
