"""Errors that say what was found, where, what was expected and what to do."""

from __future__ import annotations


class PresightError(Exception):
    """Base of every error that presight raises on purpose.

    Its text is one or two plain sentences for the person at the keyboard. A study that raises
    one is reported as failed; it never stops a cohort and never leaves a result behind.

    Parameters
    ----------
    found : str
        What was found, as a clause: ``"the image has 2 dimensions"``.
    where : object, optional
        File, field or table row it was found in.
    expected : str, optional
        What was expected instead: ``"a 3-D volume"``.
    action : str, optional
        What to do about it, in the imperative: ``"Convert the whole series to one NIfTI file"``.
    """

    def __init__(
        self, found: str, *, where: object = None, expected: str = "", action: str = ""
    ) -> None:
        self.found, self.where, self.expected, self.action = found, where, expected, action
        super().__init__(_sentence(found, where, expected, action))


class InputError(PresightError):
    """An image or a table that came in cannot be used."""


class ClinicalError(InputError):
    """A clinical value, column or unit cannot be understood or cannot be true."""


class ConfigError(PresightError):
    """A setting, an evidence table or a model bundle is wrong: nothing can be run."""


class OutputError(PresightError):
    """A result could not be written."""


def _sentence(found: str, where: object, expected: str, action: str) -> str:
    head = f"{where}: {found}" if where is not None else found
    body = f"{head}; expected {expected}." if expected else f"{head}."
    return f"{body} {action.rstrip('.')}." if action else body
