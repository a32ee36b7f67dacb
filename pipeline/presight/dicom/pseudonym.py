"""Pseudonyms, new UIDs and date shifts that only a secret key can tie to a patient."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import date, timedelta

from presight.config import load_config
from presight.errors import ConfigError

_SHORTEST_KEY = 16  # bytes
_UUID_ROOT = "2.25."  # UIDs from 128 random-like bits: PS3.5 annex B.2


@dataclass(frozen=True)
class Pseudonyms:
    """Names made by HMAC-SHA256: the same key gives the same names, without it nothing leads back.

    Parameters
    ----------
    key : bytes
        At least 16 bytes.

    Raises
    ------
    ConfigError
        The key is too short.
    """

    key: bytes

    def __post_init__(self) -> None:
        if len(self.key) < _SHORTEST_KEY:
            raise ConfigError(
                f"the secret key has {len(self.key)} bytes",
                expected=f"at least {_SHORTEST_KEY}",
                action="Make one with: openssl rand -hex 32",
            )

    def patient(self, identity: str) -> str:
        """Pseudonym of a patient."""
        return "P" + self._digest("patient", identity).hex()[:12].upper()

    def uid(self, original: str) -> str:
        """UID that stands for another, within all objects that one key was used for."""
        return _UUID_ROOT + str(int.from_bytes(self._digest("uid", original)[:16], "big"))

    def shifted(self, text: str, identity: str) -> str:
        """Shift a DICOM date, or the date of a date-time, by the days of the patient.

        The time of day is dropped; what is no date becomes empty.
        """
        low, high = load_config("deidentify.yaml")["shift_days"]
        number = int.from_bytes(self._digest("days", identity)[:8], "big")
        days = low + number % (high - low + 1)
        try:
            moved = date(int(text[:4]), int(text[4:6]), int(text[6:8])) + timedelta(days=days)
        except (ValueError, OverflowError):
            return ""
        return f"{moved:%Y%m%d}"

    def _digest(self, what: str, text: str) -> bytes:
        return hmac.digest(self.key, f"{what}\n{text}".encode(), "sha256")
