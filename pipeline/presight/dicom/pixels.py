"""Pixels of slices as one array of real values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from zipfile import BadZipFile

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.errors import BytesLengthException
from pydicom.pixels import pixel_array

from presight.dicom.files import opened
from presight.dicom.series import Frame
from presight.errors import InputError

_UNDECODABLE = (
    AttributeError, BadZipFile, BytesLengthException, EOFError, IndexError, KeyError, MemoryError,
    NotImplementedError, OSError, RuntimeError, TypeError, ValueError,
)  # fmt: skip  # what the decoders raise


def read_pixels(frames: Sequence[Frame], where: object) -> NDArray[np.float32]:
    """Decode slices and rescale them as their headers say.

    Parameters
    ----------
    frames : sequence of Frame
        In the order of the slices.

    Returns
    -------
    (X, Y, Z) ndarray of float32
        Columns, rows, slices.

    Raises
    ------
    InputError
        A file is gone, truncated, or compressed in a way that cannot be decoded.
    """
    traits = frames[0].traits
    volume = np.empty((traits.columns, traits.rows, len(frames)), dtype=np.float32)
    for z, pixels in _decoded(frames, where):
        if pixels.shape != (traits.rows, traits.columns):
            raise InputError(f"a slice decodes to the shape {pixels.shape}", where=where)
        volume[:, :, z] = pixels.T.astype(np.float32) * frames[z].slope + frames[z].intercept
    return volume


def _decoded(frames: Sequence[Frame], where: object) -> Iterator[tuple[int, NDArray[np.generic]]]:
    """Give place and pixels of every slice, opening each file once."""
    by_file = sorted(enumerate(frames), key=lambda item: (item[1].file, item[1].index))
    wanted = {ref: list(items) for ref, items in groupby(by_file, lambda item: item[1].file)}
    how = "truncated or damaged"
    try:
        for ref, file in opened(wanted):
            dataset = pydicom.dcmread(file, force=True)
            how = _ways(dataset)
            several = int(dataset.get("NumberOfFrames") or 1) > 1
            for z, frame in wanted[ref]:
                yield z, pixel_array(dataset, index=frame.index if several else None)
    except _UNDECODABLE as error:
        raise InputError(
            f"the pixels cannot be decoded: {how} ({type(error).__name__})",
            where=where,
            action="Send the series again",
        ) from error


def _ways(dataset: Dataset) -> str:
    """Say what may be wrong with pixels that cannot be decoded."""
    syntax = dataset.file_meta.TransferSyntaxUID
    unsupported = f", or a form of {syntax.name} that is not supported"
    return "truncated or damaged" + unsupported * syntax.is_compressed
