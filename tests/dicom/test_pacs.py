"""The watcher beside a real Orthanc: nothing lost, nothing twice, whatever is killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pydicom
import pytest
from dicom_writer import SeriesToWrite, write_classic
from orthanc_server import PASSWORD, USER, Orthanc, free_port

from presight.config import overridden
from presight.dicom.inputs import find_examinations
from presight.dicom.pacs.archive import ArchiveError
from presight.dicom.pacs.dicomweb import DicomWeb
from presight.dicom.pacs.ledger import State
from presight.dicom.pacs.listener import Peer, Received, listening, send
from presight.dicom.pacs.watch import STEPS, Watcher, back_off, retry_dead
from presight.dicom.write import write_dicom
from presight.errors import ConfigError, InputError, PresightError
from presight.study import Contrast

AT_ONCE = {"pacs": {"stable": 0, "look_back_days": 100000, "attempts": 2}}


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory):
    server = Orthanc(tmp_path_factory.mktemp("orthanc"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    monkeypatch.setenv("PRESIGHT_PACS_USER", USER)
    monkeypatch.setenv("PRESIGHT_PACS_PASSWORD", PASSWORD)


@pytest.fixture
def study(orthanc, written_series, result, tmp_path):
    """A study of its own for each test: images, and the objects made of them."""
    orthanc.clear()
    series = SeriesToWrite(written_series.data, written_series.affine, number=3)
    images = write_classic(series, tmp_path / "images")
    (examination,), _ = find_examinations(tmp_path / "images")
    made = write_dicom(result, examination.choice.taken[Contrast.FLAIR], tmp_path / "made")
    return series.study_uid, images, [made.mask, made.report]


def same(one: Path, other: Path) -> bool:
    return pydicom.dcmread(one) == pydicom.dcmread(other)


def by_uid(files) -> dict[str, Path]:
    return {pydicom.dcmread(f, stop_before_pixels=True).SOPInstanceUID: f for f in files}


def test_what_is_stored_by_dicomweb_comes_back_the_same(orthanc, study, tmp_path):
    uid, images, made = study
    archive = DicomWeb(orthanc.url)
    archive.store([*images, *made])
    assert archive.missing(uid, by_uid([*images, *made])) == set()
    back = tmp_path / "back"
    back.mkdir()
    with overridden({"pacs": {"modality": "MR"}}):
        archive.fetch(uid, back)
    fetched = by_uid(back.iterdir())
    assert set(fetched) == set(by_uid(images))  # the watcher fetches images, not results
    assert all(same(fetched[sop], file) for sop, file in by_uid(images).items())
    for modality, file in zip(("SEG", "SR"), made, strict=True):
        folder = tmp_path / modality
        folder.mkdir()
        with overridden({"pacs": {"modality": modality}}):
            archive.fetch(uid, folder)
        assert same(next(folder.iterdir()), file)


def test_what_is_sent_by_c_store_comes_back_the_same(orthanc, study, tmp_path):
    uid, _images, made = study
    send([pydicom.dcmread(f) for f in made], Peer("ORTHANC", "127.0.0.1", orthanc.dicom))
    folder = tmp_path / "back"
    folder.mkdir()
    with overridden({"pacs": {"modality": "SEG"}}):
        DicomWeb(orthanc.url).fetch(uid, folder)
    assert same(next(folder.iterdir()), made[0])


def test_the_listener_receives_and_sends_on(orthanc, study, tmp_path):
    uid, images, made = study
    port = free_port()
    received = Received(tmp_path / "received", Peer("ORTHANC", "127.0.0.1", orthanc.dicom))
    with listening(received.folder, port, host="127.0.0.1"):
        send([pydicom.dcmread(f) for f in images], Peer("PRESIGHT", "127.0.0.1", port))
    watcher = Watcher(received, tmp_path / "own", lambda _images: made)
    with overridden(AT_ONCE):
        watcher.look()
        assert watcher.look() == 1
        assert watcher.look() == 0
    assert watcher.ledger.get(uid).state == State.DONE
    assert set(by_uid(made)) <= set(orthanc.objects())
    kept = by_uid((received.folder / uid).glob("*.dcm"))
    assert all(same(kept[sop], file) for sop, file in by_uid(images).items())


def _run_until_killed(url: str, folder: Path, made: list[Path], step: str, log: Path) -> None:
    def told(done: str, _study: str) -> None:
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def run(_images: Path) -> list[Path]:
        with log.open("a") as file:
            file.write("run\n")
        return made

    watcher = Watcher(DicomWeb(url), folder, run, told=told)
    with overridden(AT_ONCE):
        watcher.look()
        watcher.look()


def test_a_kill_at_every_step_loses_nothing_and_stores_nothing_twice(orthanc, study, tmp_path):
    uid, images, made = study
    DicomWeb(orthanc.url).store(images)
    folder, log = tmp_path / "own", tmp_path / "log"
    fork = multiprocessing.get_context("fork")
    for step in (*STEPS, "nothing"):
        child = fork.Process(target=_run_until_killed, args=(orthanc.url, folder, made, step, log))
        child.start()
        child.join(120)
        assert child.exitcode == (0 if step == "nothing" else -signal.SIGKILL), step
        if step in ("fetched", "stored"):  # the other side is killed too
            orthanc.stop()
            orthanc.start()
    held = orthanc.objects()
    for sop in [*by_uid(images), *by_uid(made)]:
        assert held.count(sop) == 1
    watcher = Watcher(DicomWeb(orthanc.url), folder, lambda _images: pytest.fail("run twice"))
    assert watcher.ledger.get(uid).state == State.DONE
    with overridden(AT_ONCE):
        assert watcher.look() == 0
    assert not list((folder / "images").glob("*/*"))
    assert uid not in (folder / "status.html").read_text()


def test_a_server_that_goes_away_is_waited_for(orthanc, study, tmp_path):
    uid, images, made = study
    DicomWeb(orthanc.url).store(images)

    def run(_images: Path) -> list[Path]:
        orthanc.stop()
        return made

    clock = [1000.0]
    watcher = Watcher(DicomWeb(orthanc.url), tmp_path / "own", run, now=lambda: clock[0])
    with overridden(AT_ONCE):
        watcher.look()
        watcher.look()
        entry = watcher.ledger.get(uid)
        assert (entry.state, entry.attempts) == (State.WAITING, 1)
        with pytest.raises(ArchiveError, match="does not answer"):
            watcher.look()
        orthanc.start()
        again = Watcher(
            DicomWeb(orthanc.url), tmp_path / "own", lambda _i: made, now=lambda: clock[0]
        )
        assert again.look() == 0  # not yet: it backs off
        clock[0] += back_off(1)
        again.look()
    assert again.ledger.get(uid).state == State.DONE


def test_a_study_is_left_alone_until_it_is_stable(orthanc, study, tmp_path):
    uid, images, made = study
    archive, clock, ran = DicomWeb(orthanc.url), [0.0], []
    archive.store(images[:5])

    def run(folder: Path) -> list[Path]:
        ran.append(len(list(folder.iterdir())))
        return made

    watcher = Watcher(archive, tmp_path / "own", run, now=lambda: clock[0])
    with overridden({"pacs": {"stable": 60, "look_back_days": 100000}}):
        watcher.look()
        clock[0] = 50
        archive.store(images[5:])
        watcher.look()
        clock[0] = 100
        watcher.look()
        assert watcher.ledger.get(uid).state == State.WAITING
        clock[0] = 111
        watcher.look()
    assert watcher.ledger.get(uid).state == State.DONE
    assert len(images) in ran


def test_what_fails_too_often_goes_to_the_dead_letters_and_can_be_tried_again(
    orthanc, study, tmp_path
):
    uid, images, _made = study
    DicomWeb(orthanc.url).store(images)
    clock = [0.0]

    def fail(_images: Path) -> list[Path]:
        raise PresightError("the disk is full")

    watcher = Watcher(DicomWeb(orthanc.url), tmp_path / "own", fail, now=lambda: clock[0])
    with overridden(AT_ONCE):
        for _ in range(4):
            watcher.look()
            clock[0] += 10000
    entry = watcher.ledger.get(uid)
    assert (entry.state, entry.reason) == (State.DEAD, "the disk is full.")
    assert "the disk is full" in (tmp_path / "own" / "status.html").read_text()
    assert retry_dead(watcher.ledger) >= 1
    assert watcher.ledger.get(uid).state == State.WAITING


def test_a_study_without_flair_is_skipped_not_tried_again(orthanc, study, tmp_path):
    uid, images, _ = study
    DicomWeb(orthanc.url).store(images)

    def nothing_to_do(_images: Path) -> list[Path]:
        raise InputError("no FLAIR was found")

    watcher = Watcher(DicomWeb(orthanc.url), tmp_path / "own", nothing_to_do)
    with overridden(AT_ONCE):
        watcher.look()
        watcher.look()
        assert watcher.ledger.get(uid).state == State.SKIPPED
        assert watcher.look() == 0


def test_wrong_credentials_are_said_so(orthanc, monkeypatch):
    monkeypatch.setenv("PRESIGHT_PACS_PASSWORD", "wrong")
    with pytest.raises(ArchiveError, match="401"):
        DicomWeb(orthanc.url).studies()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://pacs.example/dicom-web", "unencrypted"),
        ("https://user:word@pacs.example", "holds a password"),
        ("pacs.example", "no address"),
    ],
)
def test_an_address_that_would_betray_credentials_is_refused(url, said):
    with pytest.raises(ConfigError, match=said):
        DicomWeb(url)
