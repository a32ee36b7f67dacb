"""Which series of an examination is which contrast, with the reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from presight.dicom.rules import Opinion, judge
from presight.dicom.stack import Stack
from presight.errors import InputError
from presight.study.contrast import Contrast


@dataclass(frozen=True)
class Wish:
    """What a person asked for: a series by its UID and one of its volumes, or none at all."""

    uid: str
    volume: int | None = None

    def means(self, stack: Stack) -> bool:
        """Whether a volume is the one that was asked for."""
        return stack.series.uid == self.uid and self.volume in (None, stack.volume)


Wishes = Mapping[Contrast, Wish | None]


@dataclass(frozen=True)
class Verdict:
    """What became of one volume: taken as a contrast, or not, and why."""

    stack: Stack
    contrast: Contrast | None
    taken: bool
    why: str


@dataclass(frozen=True)
class Choice:
    """The verdict on every volume of an examination, in the order of the series."""

    verdicts: tuple[Verdict, ...]

    @property
    def taken(self) -> dict[Contrast, Stack]:
        """The volumes to read, by contrast."""
        return {v.contrast: v.stack for v in self.verdicts if v.taken and v.contrast}


def choose(stacks: Sequence[Stack], wishes: Wishes | None = None) -> Choice:
    """Choose one volume for each contrast.

    Candidates are tried from the most points down; between equals, the one that covers more of
    the head, has the finer slices, or was taken later (a repeat is made because the first was
    spoiled). The image has the last word: one that cannot be read or is no image of a head gives
    way to the next.

    Parameters
    ----------
    stacks : sequence of Stack
        All volumes of one examination.
    wishes : mapping of Contrast to Wish or None, optional
        What a person asked for stands over the rules; None asks for no series of that contrast.

    Raises
    ------
    InputError
        A wish names no series, or several volumes; or what it names is no usable image.
    """
    wishes = wishes or {}
    opinions = {id(stack): judge(stack) for stack in stacks}
    verdicts = {id(v.stack): v for v in _granted(stacks, wishes)}
    for contrast in Contrast:
        if contrast not in wishes:
            ranked = _ranked(contrast, [s for s in stacks if id(s) not in verdicts], opinions)
            verdicts |= {id(v.stack): v for v in _first_sound(contrast, ranked, opinions)}
    for stack in stacks:
        verdicts.setdefault(id(stack), _not_taken(stack, opinions[id(stack)], wishes))
    return Choice(tuple(verdicts[id(stack)] for stack in stacks))


def read_wishes(words: Iterable[str]) -> dict[Contrast, Wish | None]:
    """Read ``flair=1.2.3``, ``flair=1.2.3#2`` (the second volume) and ``t1=none``.

    Raises
    ------
    InputError
        A word is none of these.
    """
    wishes: dict[Contrast, Wish | None] = {}
    for word in words:
        name, _, wanted = word.partition("=")
        uid, _, volume = wanted.partition("#")
        try:
            contrast = Contrast(name.lower().replace("-", "_"))
            number = int(volume) if volume else None
        except ValueError as error:
            raise _unclear(word) from error
        if not uid:
            raise _unclear(word)
        wishes[contrast] = None if uid.lower() == "none" else Wish(uid, number)
    return wishes


def _unclear(word: str) -> InputError:
    return InputError(
        f"--series {word} is not understood",
        expected=f"CONTRAST=UID, UID#VOLUME or none, with {', '.join(Contrast)}",
        action="See the UIDs with --list-series",
    )


def _granted(stacks: Sequence[Stack], wishes: Wishes) -> Iterable[Verdict]:
    for contrast, wish in wishes.items():
        meant = [stack for stack in stacks if wish and wish.means(stack)]
        usable = [stack for stack in meant if stack.grid] or meant
        if len(usable) > 1:
            raise InputError(
                f"the series wished for {contrast.value} holds {len(usable)} volumes",
                where=usable[0].name,
                action=f"Name one: UID#{usable[0].volume} to UID#{usable[-1].volume}",
            )
        for stack in usable:
            stack.read(contrast)
            yield Verdict(stack, contrast, taken=True, why="it was asked for")


def _ranked(
    contrast: Contrast, stacks: Iterable[Stack], opinions: Mapping[int, Opinion]
) -> list[Stack]:
    meant = [stack for stack in stacks if opinions[id(stack)].contrast == contrast]
    return sorted(meant, key=lambda s: _rank(s, opinions[id(s)].points[contrast]))


def _rank(stack: Stack, points: float) -> tuple[float, ...]:
    """Sort the better first."""
    if stack.grid is None:
        return (-points, 0.0, 0.0, 0.0)
    step = stack.grid.spacing_mm[2]
    centimetres_covered = round(step * stack.grid.shape[2] / 10)
    return (-points, -centimetres_covered, round(step, 1), -(stack.series.number or 0))


def _first_sound(
    contrast: Contrast, ranked: Sequence[Stack], opinions: Mapping[int, Opinion]
) -> Iterable[Verdict]:
    taken: Stack | None = None
    for stack in ranked:
        because = "; ".join(opinions[id(stack)].because[contrast])
        if taken:
            why = f"{because}; but {taken.name} was preferred"
            yield Verdict(stack, contrast, taken=False, why=why)
            continue
        try:
            stack.read(contrast)
        except InputError as error:
            yield Verdict(stack, contrast, taken=False, why=f"{because}; but {error.found}")
        else:
            taken = stack
            yield Verdict(stack, contrast, taken=True, why=because)


def _not_taken(stack: Stack, opinion: Opinion, wishes: Wishes) -> Verdict:
    if opinion.left_out:
        why = "; ".join(opinion.left_out)
    elif opinion.contrast in wishes:
        why = f"another or none was asked for as {opinion.contrast}"
    elif stack.fault:
        why = stack.fault
    else:
        why = _undecided(opinion)
    return Verdict(stack, None, taken=False, why=why)


def _undecided(opinion: Opinion) -> str:
    likely = [c for c, points in opinion.points.items() if points > 0]
    if not likely:
        return "nothing in its header names a contrast that presight uses"
    first = max(likely, key=lambda contrast: opinion.points[contrast])
    return f"not sure enough: {first.value}, because {'; '.join(opinion.because[first])}"
