"""One scan of a dataset and what people drew in it, before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Truth:
    """Masks of one scan and what their values mean.

    Attributes
    ----------
    masks : tuple of Path
        One mask a rater, all on one grid, which need not be that of the FLAIR. Of several, what
        more than half of the raters call lesion is lesion, and where they are evenly divided
        nothing is learnt. A consensus that comes with the dataset is one mask.
    lesion : tuple of int
        Values that are lesion; empty: every value above 0 that is not ignored.
    ignored : tuple of int
        Values from which nothing is learnt: other pathology, for one.
    complete : bool
        Whether all hyperintensity was drawn. Where not, bright tissue outside the mask may be
        lesion, and nothing is learnt from it.
    """

    masks: tuple[Path, ...]
    lesion: tuple[int, ...] = ()
    ignored: tuple[int, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class Case:
    """Where one scan and its truth lie, and whose it is.

    Attributes
    ----------
    dataset : str
        Name of the dataset: ``"lgg"``.
    name : str
        Name of the scan within its dataset: ``"P14_T2"``.
    patient : str
        Patient the scan is of, within its dataset: ``"P14"``.
    site : str
        Institution or scanner, as the dataset states it.
    flair : Path
    truth : Truth or None
        ``None`` where nobody drew hyperintensity, which does not mean that there is none.
    licence : str
    """

    dataset: str
    name: str
    patient: str
    site: str
    flair: Path
    truth: Truth | None
    licence: str

    @property
    def id(self) -> str:
        """``dataset/name``: what split rules are matched against."""
        return f"{self.dataset}/{self.name}"

    @property
    def patient_id(self) -> str:
        """``dataset/patient``: splits never part the scans of one patient."""
        return f"{self.dataset}/{self.patient}"

    @property
    def mask(self) -> Path | None:
        """The one mask of a scan that one person drew."""
        return self.truth.masks[0] if self.truth else None
