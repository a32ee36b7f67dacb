"""The basic application level confidentiality profile of DICOM PS3.15 (annex E) for MR images.

The table of attributes and actions is that of the library dicom-anonymizer. Here each action is
carried out at every depth of nested sequences, private attributes go, UIDs and patients get
pseudonyms, and dates that matter for a follow-up are shifted. Where the table leaves a choice, the
value is emptied or replaced, never kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

from dicomanonymizer.dicomfields_selector import dicom_anonymization_database_selector
from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_has_tag
from pydicom.dataset import FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import UID, MRImageStorage

from presight.config import load_config
from presight.dicom.pseudonym import Pseudonyms
from presight.dicom.series import MULTI_FRAME
from presight.errors import InputError

_STANDARD_UIDS = "1.2.840.10008."
_TEXT = ("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT", "UR")
_DUMMY: dict[str, Any] = {
    "AS": "000Y", "DA": "19000101", "DT": "19000101", "TM": "000000", "DS": "0", "IS": "0",
}  # fmt: skip
_SHORTEST_LEAK = 4  # letters: a shorter part of a name would be found everywhere


@dataclass(frozen=True)
class _Case:
    """One dataset on its way: the pseudonyms, who the patient was, and words that betray him."""

    names: Pseudonyms
    identity: str
    leaks: frozenset[str]


def deidentify(original: Dataset, names: Pseudonyms) -> Dataset:
    """Return a de-identified copy of an MR image; pixels are as they were.

    Parameters
    ----------
    original : Dataset
        With its file meta information.
    names : Pseudonyms

    Raises
    ------
    InputError
        It is no MR image, or text may be burned into its pixels.
    """
    _check_pixels_are_clean(original)
    identity = f"{original.get('PatientID', '')}\n{original.get('IssuerOfPatientID', '')}"
    case = _Case(names, identity, frozenset(_betraying_words(original)))
    dataset = deepcopy(original)
    dataset.remove_private_tags()
    _clean(dataset, case)
    pseudonym = names.patient(identity)
    dataset.PatientID = dataset.PatientName = pseudonym
    _record(dataset)
    dataset.file_meta = _file_meta(original, dataset)
    dataset.preamble = b"\0" * 128
    return dataset


def _check_pixels_are_clean(dataset: Dataset) -> None:
    kind = UID(dataset.get("SOPClassUID", ""))
    if kind not in (MRImageStorage, *MULTI_FRAME):
        raise InputError(f"{kind.name or 'an object of no kind'} is not de-identified, only MR is")
    burned = dataset.get("BurnedInAnnotation", "")
    original = "ORIGINAL" in (dataset.get("ImageType") or [])
    if burned == "YES" or (burned != "NO" and not original):
        raise InputError(
            "text may be burned into the pixels",
            expected="an original image, or Burned In Annotation NO",
        )


@cache
def _actions() -> tuple[dict[tuple[int, int], str], list[tuple[tuple[int, ...], str]]]:
    """Look up the action of each attribute, and of each repeating group with its masks."""
    table = dicom_anonymization_database_selector(load_config("deidentify.yaml")["edition"])
    single: dict[tuple[int, int], str] = {}
    repeating: list[tuple[tuple[int, ...], str]] = []
    for category, tags in table.items():
        for tag in tags:
            if len(tag) == 2:
                single[tag] = category
            else:
                repeating.append((tag, category))
    return single, repeating


def _action(tag: Any) -> str | None:
    single, repeating = _actions()
    if found := single.get((tag.group, tag.element)):
        return found
    return next(
        (
            category
            for (group, element, group_mask, element_mask), category in repeating
            if tag.group & group_mask == group and tag.element & element_mask == element
        ),
        None,
    )


def _clean(dataset: Dataset, case: _Case) -> None:
    for element in list(dataset):
        _clean_element(dataset, element, case)


def _clean_element(dataset: Dataset, element: DataElement, case: _Case) -> None:
    action = _action(element.tag)
    if not dictionary_has_tag(element.tag) and action is None:
        del dataset[element.tag]  # nobody knows what it holds
    elif element.keyword in load_config("deidentify.yaml")["shifted_dates"]:
        element.value = case.names.shifted(str(element.value), case.identity)
    elif element.VR == "UI":
        element.value = _other_uids(element.value, case.names)
    elif action == "X_TAGS" or (action and element.VR == "SQ" and action != "X_Z_U_STAR_TAGS"):
        del dataset[element.tag]
    elif element.VR == "SQ":
        for item in element.value:
            _clean(item, case)
    elif action in ("Z_TAGS", "X_Z_TAGS", "X_Z_U_STAR_TAGS"):
        element.value = None
    elif action:
        _replace(dataset, element)
    elif _betrays(element, case):
        del dataset[element.tag]


def _other_uids(value: Any, names: Pseudonyms) -> Any:
    """Replace every UID but those that the standard itself defines."""
    if not value:
        return value
    uids = [value] if isinstance(value, str) else list(value)
    new = [uid if uid.startswith(_STANDARD_UIDS) else names.uid(uid) for uid in uids]
    return new[0] if isinstance(value, str) else new


def _replace(dataset: Dataset, element: DataElement) -> None:
    """Put a dummy in place, of the kind that the attribute holds."""
    if element.VR in _TEXT:
        element.value = "ANONYMIZED"
    elif element.VR in _DUMMY:
        element.value = _DUMMY[element.VR]
    elif element.VR in ("FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"):
        element.value = 0
    else:
        del dataset[element.tag]


def _betraying_words(dataset: Dataset) -> Iterator[str]:
    """Words that name the patient, to be looked for in every text that the table lets pass."""
    for name in ("PatientName", "PatientID", "AccessionNumber", "OtherPatientIDs"):
        text = str(dataset.get(name) or "")
        for word in text.replace("^", " ").replace("=", " ").split():
            if len(word) >= _SHORTEST_LEAK:
                yield word.casefold()


def _betrays(element: DataElement, case: _Case) -> bool:
    if element.VR not in _TEXT:
        return False
    text = str(element.value).casefold()
    return any(word in text for word in case.leaks)


def _record(dataset: Dataset) -> None:
    """Say in the dataset what was done to it, in the terms of the standard."""
    dataset.PatientIdentityRemoved = "YES"
    dataset.LongitudinalTemporalInformationModified = "MODIFIED"
    dataset.DeidentificationMethod = "presight: PS3.15 basic profile, dates shifted"
    record_option(dataset, codes.DCM.BasicApplicationConfidentialityProfile)
    record_option(dataset, codes.DCM.RetainLongitudinalTemporalInformationModifiedDatesOption)


def record_option(dataset: Dataset, code: Any) -> None:
    """Add a code of CID 7050 to the de-identification method of a dataset."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = code.value, code.scheme_designator
    item.CodeMeaning = code.meaning[:64]
    known = list(dataset.get("DeidentificationMethodCodeSequence") or [])
    dataset.DeidentificationMethodCodeSequence = [*known, item]


def _file_meta(original: Dataset, dataset: Dataset) -> FileMetaDataset:
    """Make the file meta information anew: the old one names applications and institutions."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = original.file_meta.TransferSyntaxUID
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return meta
