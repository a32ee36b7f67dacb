"""From a heap of files to series, and from a series to its volumes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from zipfile import BadZipFile

from presight.dicom.files import FileRef, opened
from presight.dicom.geometry import arrange, place, same_orientation
from presight.dicom.header import read_header
from presight.dicom.series import Frame, SeriesInfo
from presight.dicom.stack import Stack
from presight.errors import InputError


@dataclass(frozen=True)
class Series:
    """One series: what its header says, and its volumes."""

    info: SeriesInfo
    stacks: tuple[Stack, ...]


@dataclass(frozen=True)
class Index:
    """What was found.

    Attributes
    ----------
    series : tuple of Series
        By number, then UID.
    skipped : tuple of (FileRef, InputError)
        Files that are no MR image, each with its reason.
    duplicates : int
        Files left out because another holds the same image.
    """

    series: tuple[Series, ...]
    skipped: tuple[tuple[FileRef, InputError], ...] = ()
    duplicates: int = 0


def index_files(refs: Iterable[FileRef]) -> Index:
    """Read every header and sort slices into series and volumes.

    What a file is called and the instance number play no part.
    """
    infos: dict[str, SeriesInfo] = {}
    frames: dict[str, dict[tuple[str, int], Frame]] = defaultdict(dict)
    skipped: list[tuple[FileRef, InputError]] = []
    seen = 0
    for ref, found in _headers(refs):
        if isinstance(found, InputError):
            skipped.append((ref, found))
            continue
        info, own = found
        infos.setdefault(info.uid, info)
        seen += len(own)
        for frame in own:
            frames[info.uid].setdefault((frame.sop_uid, frame.index), frame)
    series = [
        Series(infos[uid], make_stacks(infos[uid], list(frames[uid].values()))) for uid in infos
    ]
    series.sort(key=lambda one: (one.info.number is None, one.info.number or 0, one.info.uid))
    kept = sum(len(own) for own in frames.values())
    return Index(tuple(series), tuple(skipped), duplicates=seen - kept)


def make_stacks(info: SeriesInfo, frames: Sequence[Frame]) -> tuple[Stack, ...]:
    """Split the slices of one series into volumes.

    First by what they are (size, spacing, image type, times, b-value), then by what may tell
    images of one place apart: temporal position, acquisition, gradient, object. A group that
    none of these splits into volumes is kept whole, with its fault.
    """
    alike = list(_grouped(frames, lambda frame: frame.traits).values())
    stacks: list[Stack] = []
    for group in alike:
        volumes = _repeats(group)
        for volume in volumes:
            stacks.append(_stack(info, volume, len(stacks) + 1, len(volumes)))
    return tuple(stacks)


def _headers(
    refs: Iterable[FileRef],
) -> Iterable[tuple[FileRef, tuple[SeriesInfo, list[Frame]] | InputError]]:
    for ref in refs:
        try:
            for _, file in opened([ref]):
                yield ref, read_header(file, ref)
        except InputError as error:
            yield ref, error
        except FileNotFoundError:
            yield ref, InputError("there is no such file")
        except (OSError, BadZipFile, EOFError) as error:
            yield ref, InputError(f"the file cannot be read ({type(error).__name__})")


def _repeats(group: list[Frame]) -> list[list[Frame]]:
    """Split slices that lie in one place by the first thing that separates all of them."""
    if _one_a_place(group):
        return [group]
    keys: tuple[Callable[[Frame], Hashable], ...] = (
        lambda frame: frame.repeat.temporal_position,
        lambda frame: frame.repeat.acquisition,
        lambda frame: frame.repeat.gradient,
        lambda frame: frame.repeat.instance,
        lambda frame: frame.repeat,
    )
    for key in keys:
        parts = list(_grouped(group, key).values())
        if len(parts) > 1 and all(_one_a_place(part) for part in parts):
            return parts
    return [group]


def _one_a_place(frames: Sequence[Frame]) -> bool:
    return len({place(frame) for frame in frames}) == len(frames)


def _grouped(
    frames: Iterable[Frame], key: Callable[[Frame], Hashable]
) -> dict[Hashable, list[Frame]]:
    groups: dict[Hashable, list[Frame]] = defaultdict(list)
    for frame in frames:
        groups[key(frame)].append(frame)
    return groups


def _stack(info: SeriesInfo, frames: list[Frame], volume: int, repeats: int) -> Stack:
    try:
        _check_parallel(frames)
        ordered, grid = arrange(frames, where=None)
    except InputError as error:
        return Stack(info, tuple(frames), None, str(error).rstrip("."), volume, repeats)
    return Stack(info, ordered, grid, "", volume, repeats)


def _check_parallel(frames: list[Frame]) -> None:
    ways: list[Frame] = []
    for frame in frames:
        if not any(same_orientation(frame, known) for known in ways):
            ways.append(frame)
    if len(ways) > 1:
        raise InputError(
            f"the slices point in {len(ways)} directions, as those of a localiser do",
            expected="parallel slices",
        )
