"""What came in for one patient at one time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from presight.study.clinical import ClinicalRecord
from presight.study.contrast import Contrast
from presight.study.volume import Volume


@dataclass(frozen=True)
class Study:
    """The images of one examination and the clinical record that came with them.

    Attributes
    ----------
    subject : str
        BIDS label of the patient (letters and digits), without ``sub-``.
    session : str or None
        BIDS label of the visit, without ``ses-``.
    volumes : mapping of Contrast to Volume
        ``Contrast.FLAIR`` is always there.
    clinical : ClinicalRecord
        Empty where nothing is known: unknown is not normal.
    prior : Study or None
        An earlier examination of the same patient.
    entities : str
        Further BIDS entities that tell it from others of the visit: ``"acq-space_run-2"``.
    """

    subject: str
    volumes: Mapping[Contrast, Volume]
    clinical: ClinicalRecord = field(default_factory=ClinicalRecord)
    session: str | None = None
    prior: Study | None = None
    entities: str = ""

    @property
    def flair(self) -> Volume:
        """The FLAIR volume."""
        return self.volumes[Contrast.FLAIR]

    @property
    def stem(self) -> str:
        """BIDS file-name stem: ``sub-<id>[_ses-<id>][_<entities>]``."""
        return bids_stem(self.subject, self.session, self.entities)


def bids_stem(subject: str, session: str | None, entities: str = "") -> str:
    """How the names of a study's files begin: ``sub-<id>[_ses-<id>][_<entities>]``."""
    parts = [f"sub-{subject}", f"ses-{session}" if session else "", entities]
    return "_".join(part for part in parts if part)
