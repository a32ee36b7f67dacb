"""How far the result of a scan can be trusted, as far as the scan and the network know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from presight.config import load_config


class Limit(BaseModel):
    """One trait on the scans that a bundle was made with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    middle: float  # median
    edge: float  # of the scan that is furthest out in the suspect direction


class TrustSettings(BaseModel):
    """What a bundle knows of the scans it was made with; kept in its metadata."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limits: dict[str, Limit] = {}  # by trait of configs/trust.yaml
    scans: int = Field(default=0, ge=0)  # that the limits come from
    held_out_scans: int = Field(default=0, ge=0)  # with a lesion, that the error comes from
    expected_dice_error: float | None = Field(default=None, ge=0)  # mean absolute


@dataclass(frozen=True)
class Trust:
    """How far a result can be trusted.

    Attributes
    ----------
    unfamiliarity : float or None
        0: as the median of the scans that the bundle was made with; 1: as the one of them that
        is furthest out; above 1: unlike all of them. ``None`` where the bundle does not say.
    trait : str or None
        The trait of ``configs/trust.yaml`` that is furthest out.
    expected_dice : float or None
        Dice with the truth that the probabilities themselves promise; ``None`` without a lesion.
    sentences : tuple of str
        For the reader.
    """

    unfamiliarity: float | None
    trait: str | None
    expected_dice: float | None
    sentences: tuple[str, ...]

    @property
    def doubtful(self) -> bool:
        """Whether the scan is unlike all that the bundle was made with."""
        return self.unfamiliarity is not None and self.unfamiliarity > 1

    @property
    def doubts(self) -> tuple[str, ...]:
        """Sentences that speak against the result."""
        return self.sentences[:1] if self.doubtful else ()


def judge(
    traits: Mapping[str, float], expected_dice: float | None, settings: TrustSettings
) -> Trust:
    """Compare a scan with those that the bundle was made with.

    Parameters
    ----------
    traits : mapping of str to float
        Of :func:`presight.segment.traits.measure_traits`.
    expected_dice : float or None
        Of :func:`expected_dice`.
    settings : TrustSettings
    """
    far = {
        name: (value - settings.limits[name].middle)
        / _never_zero(settings.limits[name].edge - settings.limits[name].middle)
        for name, value in traits.items()
        if name in settings.limits
    }
    trait = max(far, key=lambda name: far[name], default=None)
    number = None if trait is None else max(0.0, far[trait])
    return Trust(number, trait, expected_dice, _sentences(number, trait, expected_dice, settings))


def expected_dice(probability: NDArray[np.float32], mask: NDArray[np.bool_]) -> float | None:
    """Dice of the mask with a truth of which the probabilities are right, roughly.

    Expected overlap over expected volumes; ``None`` for an empty mask.
    """
    volume = float(np.count_nonzero(mask))
    if not volume:
        return None
    return 2 * float(probability[mask].sum()) / (volume + float(probability.sum()))


def _never_zero(width: float) -> float:
    """Where all scans agree, the smallest difference is far out."""
    return width if abs(width) > 1e-3 else float(np.copysign(1e-3, width))


def _sentences(
    number: float | None, trait: str | None, dice: float | None, settings: TrustSettings
) -> tuple[str, ...]:
    words = load_config("trust.yaml")
    said = []
    if number is not None:
        sentence = words["sentences"]["unlike" if number > 1 else "alike"]
        said.append(sentence.format(number=number, said=words["traits"][trait]["said"]))
    if dice is not None and settings.expected_dice_error is not None:
        said.append(
            words["sentences"]["sure"].format(
                dice=dice, scans=settings.held_out_scans, error=settings.expected_dice_error
            )
        )
    return tuple(said)
