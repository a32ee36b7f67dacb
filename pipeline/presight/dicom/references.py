"""Which source slice each frame of a segmentation lies on."""

from __future__ import annotations

import numpy as np
from highdicom.seg import Segmentation
from highdicom.sr import CodedConcept
from pydicom import Dataset
from pydicom.sr.codedict import codes

from presight.dicom.series import Frame
from presight.dicom.source import Source


def refer_to_slices(segmentation: Segmentation, source: Source) -> None:
    """Name the source slice in every frame that names none.

    highdicom does so itself where all slices are in one object, or are single images.
    """
    places = np.array([frame.position for frame in source.stack.frames])
    kinds = {dataset.SOPInstanceUID: dataset.SOPClassUID for dataset in source.datasets}
    for groups in segmentation.PerFrameFunctionalGroupsSequence:
        if not groups.DerivationImageSequence:
            position = np.array(groups.PlanePositionSequence[0].ImagePositionPatient, float)
            nearest = int(np.linalg.norm(places - position, axis=1).argmin())
            frame = source.stack.frames[nearest]
            groups.DerivationImageSequence = [_derivation(frame, kinds[frame.sop_uid])]


def _derivation(frame: Frame, kind: str) -> Dataset:
    image, derivation = Dataset(), Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = kind, frame.sop_uid
    image.ReferencedFrameNumber = frame.index + 1
    image.SpatialLocationsPreserved = "YES"
    image.PurposeOfReferenceCodeSequence = [_code(codes.DCM.SourceImageForImageProcessingOperation)]
    derivation.DerivationCodeSequence = [_code(codes.DCM.Segmentation)]
    derivation.SourceImageSequence = [image]
    return derivation


def _code(code: object) -> CodedConcept:
    return CodedConcept.from_code(code)
