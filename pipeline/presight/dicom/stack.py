"""One volume of a series, ready to be read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile

from presight.config import load_config
from presight.dicom.files import FileRef, opened
from presight.dicom.pixels import read_pixels
from presight.dicom.series import Frame, SeriesInfo, Traits
from presight.errors import InputError
from presight.study.checks import check_geometry, check_size, check_values
from presight.study.contrast import Contrast
from presight.study.volume import Grid, Volume


@dataclass(frozen=True)
class Stack:
    """Slices that make one volume.

    Attributes
    ----------
    series : SeriesInfo
    frames : tuple of Frame
        In the order of the slices where there is a grid.
    grid : Grid or None
        ``None`` where they make no volume; ``fault`` says why.
    fault : str
    volume : int
        Place among the volumes of its series, from 1.
    repeats : int
        How many volumes of the series differ from it in nothing but time or direction.
    """

    series: SeriesInfo
    frames: tuple[Frame, ...]
    grid: Grid | None
    fault: str = ""
    volume: int = 1
    repeats: int = 1

    @property
    def traits(self) -> Traits:
        """What all its slices share."""
        return self.frames[0].traits

    @cached_property
    def files(self) -> tuple[FileRef, ...]:
        """Files that hold its slices, each once, sorted."""
        return tuple(sorted({frame.file for frame in self.frames}))

    @property
    def name(self) -> str:
        """Name of its series, and its place in it where it is not the only volume."""
        return self.series.name if self.volume == 1 else f"{self.series.name} #{self.volume}"

    def read(self, contrast: Contrast) -> Volume:
        """Read the volume, checked as every other image is.

        Raises
        ------
        InputError
            The slices make no volume, cannot be decoded, or are no image of a head.
        """
        if self.grid is None:
            raise InputError(self.fault, where=self.name)
        check_size(self.grid.shape, self.name)
        check_geometry(self.grid, self.name)
        data = read_pixels(self.frames, self.name)
        check_values(data, self.name)
        volume = Volume(data, self.grid, contrast, Path(self.name))
        return _in_micrometres(volume, self.frames[0].unit) if contrast == Contrast.ADC else volume

    def sha256(self) -> str:
        """Hash of the files' content, whatever they are called and in whatever order they come.

        Raises
        ------
        InputError
            A file cannot be read.
        """
        try:
            parts = [hashlib.file_digest(file, "sha256").digest() for _, file in opened(self.files)]
        except (OSError, BadZipFile) as error:
            raise InputError("a file cannot be read", where=self.name) from error
        return hashlib.sha256(b"".join(sorted(parts))).hexdigest()


def _in_micrometres(adc: Volume, unit: str) -> Volume:
    """Bring ADC to 1e-6 mm2/s; where the header declares no unit, it is taken for that and said."""
    factor = load_config("dicom.yaml")["adc"]["units"].get(unit)
    if factor is None:
        doubt = "The header of the ADC map declares no unit: 1e-6 mm2/s is assumed, not known."
        return replace(adc, doubts=(*adc.doubts, doubt))
    return replace(adc, data=adc.data * factor)
