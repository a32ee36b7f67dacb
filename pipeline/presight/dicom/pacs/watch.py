"""Follow a PACS: wait until a study is complete, run it, give the results back, never twice.

What was begun and not ended is begun again after a restart. That is safe at every step: images
are fetched anew, a result that is there is kept, its objects have the same UIDs whenever they are
made, and only those are stored that the PACS does not hold.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pydicom

from presight.config import load_config
from presight.dicom.inputs import short_hash
from presight.dicom.pacs.archive import Archive, Seen
from presight.dicom.pacs.ledger import Entry, Ledger, State
from presight.dicom.pacs.status import write_status
from presight.errors import InputError, PresightError

_log = logging.getLogger(__name__)

Run = Callable[[Path], Sequence[Path]]
STEPS = ("fetch", "fetched", "ran", "stored", "noted")


@dataclass(frozen=True)
class Watcher:
    """One PACS that is followed.

    Attributes
    ----------
    archive : Archive
    folder : Path
        The watcher's own: its ledger, images while they are worked on, the status page.
    run : callable of Path
        Runs the study in a folder and gives the DICOM files to store. It raises InputError where
        there is nothing to do for presight, PresightError where it failed.
    now : callable
        Seconds since 1970.
    told : callable of (step, study)
        Told after each of STEPS; the study by a hash of its UID.
    """

    archive: Archive
    folder: Path
    run: Run
    now: Callable[[], float] = time.time
    told: Callable[[str, str], None] = lambda _step, _study: None

    @property
    def ledger(self) -> Ledger:
        """What is remembered."""
        return Ledger(self.folder / "ledger.sqlite")

    def look(self) -> int:
        """Look once: note what is new, work on what is ready. Returns how many were worked on.

        Raises
        ------
        ArchiveError
            The PACS does not say which studies it has.
        """
        ledger = self.ledger
        ready = [entry for seen in self.archive.studies() if (entry := self._note(seen, ledger))]
        for entry in ready:
            ledger.put(self._work(entry))
            self.told("noted", short_hash(entry.uid))
            write_status(self.folder / "status.html", ledger.all(), self.now())
        write_status(self.folder / "status.html", ledger.all(), self.now())
        return len(ready)

    def follow(
        self, rounds: int | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Look again and again; a PACS that does not answer is given more and more time."""
        settings = load_config("pacs.yaml")
        failures = done = 0
        while rounds is None or done < rounds:
            try:
                self.look()
                failures = 0
            except PresightError as error:
                failures += 1
                _log.warning("%s", error)
            done += 1
            sleep(back_off(failures) if failures else settings["every"])

    def _note(self, seen: Seen, ledger: Ledger) -> Entry | None:
        """Bring the ledger up to date; give the entry if it is time to work on it."""
        known, now = ledger.get(seen.uid), self.now()
        if known is None or known.signature != seen.signature:
            ledger.put(Entry(seen.uid, seen.signature, State.WAITING, since=now))
            return None
        stable = now - known.since >= load_config("pacs.yaml")["stable"]
        due = known.state == State.WAITING and now >= known.not_before
        return known if stable and due else None

    def _work(self, entry: Entry) -> Entry:
        """Fetch, run and store one study; give what the ledger shall say of it."""
        name = short_hash(entry.uid)
        images = self.folder / "images" / name
        try:
            self._fetch(entry.uid, images, name)
            files = self.run(images)
            self.told("ran", name)
            self._store(entry.uid, files)
            self.told("stored", name)
        except InputError as error:
            _log.info("%s: nothing to do: %s", name, error)
            return replace(entry, state=State.SKIPPED, reason=str(error))
        except PresightError as error:
            _log.warning("%s: %s", name, error)
            return self._failed(entry, error)
        except Exception as error:  # the watcher goes on whatever one study does
            _log.warning("%s: something unforeseen", name, exc_info=True)
            sentence = f"something unforeseen happened ({type(error).__name__})"
            return self._failed(entry, PresightError(sentence))
        finally:
            shutil.rmtree(images, ignore_errors=True)
        return replace(entry, state=State.DONE, reason="")

    def _fetch(self, uid: str, images: Path, name: str) -> None:
        shutil.rmtree(images, ignore_errors=True)  # of an attempt that was cut off
        images.mkdir(parents=True)
        self.told("fetch", name)
        self.archive.fetch(uid, images)
        self.told("fetched", name)

    def _store(self, uid: str, files: Sequence[Path]) -> None:
        by_uid = {_sop_uid(file): file for file in files}
        missing = self.archive.missing(uid, by_uid)
        if missing:
            self.archive.store([by_uid[sop] for sop in sorted(missing)])

    def _failed(self, entry: Entry, error: PresightError) -> Entry:
        attempts = entry.attempts + 1
        if attempts >= load_config("pacs.yaml")["attempts"]:
            return replace(entry, state=State.DEAD, attempts=attempts, reason=str(error))
        later = self.now() + back_off(attempts)
        return replace(entry, attempts=attempts, not_before=later, reason=str(error))


def back_off(failures: int) -> float:
    """Seconds to wait after so many failures in a row."""
    settings = load_config("pacs.yaml")["back_off"]
    seconds: float = settings["first"] * settings["factor"] ** (failures - 1)
    return min(seconds, settings["longest"])


def retry_dead(ledger: Ledger) -> int:
    """Give every dead letter a new start. Returns how many there were."""
    dead = [entry for entry in ledger.all() if entry.state == State.DEAD]
    for entry in dead:
        ledger.put(replace(entry, state=State.WAITING, attempts=0, not_before=0.0))
    return len(dead)


def _sop_uid(file: Path) -> str:
    header = pydicom.dcmread(file, specific_tags=["SOPInstanceUID"], stop_before_pixels=True)
    return str(header.SOPInstanceUID)
