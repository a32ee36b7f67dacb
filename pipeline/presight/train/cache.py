"""Prepared training volumes on disk, so that preprocessing runs once and not every epoch."""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from presight.config import load_config
from presight.errors import InputError
from presight.preprocess.prepared import Prepared
from presight.study.contrast import Contrast
from presight.study.nifti import read_nifti
from presight.study.study import Study
from presight.train.datasets.case import Case
from presight.train.datasets.consensus import IGNORED, drawn_on

_NAME_LENGTHS_AT = 26  # in the local header of a file in a zip archive


@dataclass(frozen=True)
class TrainingVolume:
    """One prepared scan with its truth, on the 1 mm working grid.

    Attributes
    ----------
    id, dataset, patient, site : str
        As in :class:`~presight.train.datasets.case.Case`.
    image : (X, Y, Z) ndarray of float16
        FLAIR, commonest brain intensity 1.
    mask : (X, Y, Z) ndarray of uint8
        1 where people drew hyperintensity, 2 where the dataset says nothing to learn from, else 0.
    brain : (X, Y, Z) ndarray of uint8
    anatomy : (X, Y, Z) ndarray of uint8
        Labels of ``configs/anatomy.yaml``.
    slice_mm : float
        Largest voxel edge of the scan before it was brought to 1 mm.
    """

    id: str
    dataset: str
    patient: str
    site: str
    image: NDArray[np.float16]
    mask: NDArray[np.uint8]
    brain: NDArray[np.uint8]
    anatomy: NDArray[np.uint8]
    slice_mm: float = 1.0

    @property
    def patient_id(self) -> str:
        """``dataset/patient``, of the host where a lesion was painted into a scan.

        A painted volume names its host's patient in full. Where it does not, as in caches written
        earlier, the host's dataset stands before the patient in the name of the volume.
        """
        if "/" in self.patient:
            return self.patient
        name = self.id.partition("/")[2]
        painted = self.dataset.startswith("painted_")
        dataset = name.partition(f"_{self.patient}")[0] if painted else self.dataset
        return f"{dataset}/{self.patient}"


def cache_cases(
    cases: Iterable[Case],
    folder: Path,
    preprocess: Callable[[Study], Prepared],
    *,
    unlabelled: bool = False,
) -> Iterator[Path]:
    """Prepare every labelled case that is not in the cache yet; yields each file as it is there.

    Parameters
    ----------
    cases : iterable of Case
        Cases without a mask are passed over, unless ``unlabelled``.
    folder : Path
        Made if it is not there. One ``<dataset>__<name>.npz`` a case.
    preprocess : callable
        Stage 1 of the pipeline.
    unlabelled : bool
        Cases without a mask too, for lesions to be painted into.

    Raises
    ------
    InputError
        An image or a mask cannot be read or used.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for case in cases:
        if case.truth is None and not unlabelled:
            continue
        path = folder / f"{case.dataset}__{case.name}.npz"
        if not path.exists():
            write_volume(prepare_case(case, preprocess), path)
        yield path


def write_volume(volume: TrainingVolume, path: Path) -> None:
    """Write one volume whole or not at all."""
    beside = path.with_suffix(".part")
    fields: dict[str, Any] = {name: np.asarray(value) for name, value in vars(volume).items()}
    with beside.open("wb") as stream:
        np.savez(stream, **fields)
    beside.replace(path)


def read_volume(path: Path) -> TrainingVolume:
    """Read one cached volume; its images stay on disk until a part of them is looked at.

    Raises
    ------
    InputError
        The file is not a cached volume.
    """
    try:
        fields: dict[str, Any] = dict(_mapped(path))
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InputError("the cached volume cannot be read", where=path) from error
    for name in ("id", "dataset", "patient", "site"):
        fields[name] = str(fields[name])
    fields["slice_mm"] = float(fields["slice_mm"])
    return TrainingVolume(**fields)


def read_cache(folder: Path) -> tuple[TrainingVolume, ...]:
    """Every cached volume of a folder, by file name.

    Raises
    ------
    InputError
        The folder holds none.
    """
    paths = sorted(folder.glob("*.npz"))
    if not paths:
        raise InputError("there is no cached volume", where=folder, expected="*.npz files")
    return tuple(read_volume(path) for path in paths)


def _mapped(path: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    """Map the arrays of an uncompressed npz file, which NumPy itself can only read whole."""
    with zipfile.ZipFile(path) as archive, path.open("rb") as stream:
        for entry in archive.infolist():
            stream.seek(entry.header_offset + _NAME_LENGTHS_AT)
            name, extra = struct.unpack("<HH", stream.read(4))
            stream.seek(name + extra, os.SEEK_CUR)
            version = np.lib.format.read_magic(stream)
            if entry.compress_type != zipfile.ZIP_STORED or version != (1, 0):
                raise ValueError(entry.filename)
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
            order: Literal["F", "C"] = "F" if fortran else "C"
            name_of_array = entry.filename.removesuffix(".npy")
            yield name_of_array, np.memmap(path, dtype, "r", stream.tell(), shape, order)


def prepare_case(case: Case, preprocess: Callable[[Study], Prepared]) -> TrainingVolume:
    """Take one case through stage 1.

    Raises
    ------
    InputError
        The image cannot be used.
    """
    flair = read_nifti(case.flair, Contrast.FLAIR)
    prepared = preprocess(Study(subject="training", volumes={Contrast.FLAIR: flair}))
    return TrainingVolume(
        id=case.id,
        dataset=case.dataset,
        patient=case.patient,
        site=case.site,
        image=prepared.flair.data.astype(np.float16),
        mask=_truth_on(prepared, case),
        brain=prepared.brain.astype(np.uint8),
        anatomy=prepared.anatomy,
        slice_mm=max(flair.grid.spacing_mm),
    )


def _truth_on(prepared: Prepared, case: Case) -> NDArray[np.uint8]:
    """Truth on the working grid; what may be lesion that nobody drew is ignored."""
    grid = prepared.flair.grid
    drawn = drawn_on(case.truth, grid) if case.truth else np.zeros(grid.shape, np.uint8)
    if case.truth is None or not case.truth.complete:
        threshold = load_config("datasets.yaml")["unlabelled"]["brighter_than"]
        bright = prepared.brain & (prepared.flair.data > threshold)
        drawn[bright & (drawn == 0)] = IGNORED
    return drawn
