"""SQLite and PostgreSQL: the same tables, a record that only grows, nothing lost."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sql
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import DBAPIError

from presight.errors import ConfigError, InputError, OutputError
from presight.review.decisions import ConflictError, Decision, decide, history, where_it_stands
from presight.review.record import append, entries, put_document, verify
from presight.review.results import StudyFolder
from presight.review.store import Store, open_store
from presight.review.tables import document, metadata, record, standing

NAME = "sub-desk01"


@pytest.fixture
def study(results: Path) -> StudyFolder:
    return StudyFolder(results, results / NAME / "anat", NAME)


def accept(study: StudyFolder, version: int = 0, text: str = "") -> Decision:
    return Decision("accept", version, study.hashes(), text=text)


def test_migrations_make_the_tables_that_the_code_uses(store: Store) -> None:
    with store.read() as db:
        assert compare_metadata(MigrationContext.configure(db), metadata) == []


def test_the_database_itself_refuses_to_change_the_record(store: Store) -> None:
    with store.write() as db:
        append(db, "anna", "comment", NAME, {"text": "first"})
        put_document(db, b"outline", "text/plain")
    for change in (
        record.delete(),
        record.update().values(actor="eve"),
        document.delete(),
        document.update().values(content=b"another"),
    ):
        with pytest.raises(DBAPIError, match="only grows"), store.write() as db:
            db.execute(change)
    with store.read() as db:
        assert verify(db).faults == ()


def test_of_two_who_save_at_once_one_is_told_and_nothing_is_overwritten(
    store: Store, study: StudyFolder
) -> None:
    outcomes = at_once(
        [
            lambda name=name: decide(store, study, name, accept(study, text=name))
            for name in ("anna", "ben", "carl", "dora")
        ]
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["ConflictError"] * 3 + ["Entry"]
    assert any("has decided" in str(each) for each in outcomes)
    with store.read() as db:
        assert len(history(db, NAME)) == 1
        assert verify(db).faults == ()


def test_entries_written_at_once_form_one_chain(store: Store) -> None:
    def write(name: str) -> None:
        for i in range(5):
            with store.write() as db:
                append(db, name, "comment", NAME, {"text": str(i)})

    at_once([lambda name=name: write(name) for name in ("anna", "ben", "carl", "dora")])
    with store.read() as db:
        assert verify(db).entries == 20
        assert verify(db).faults == ()


def test_every_version_of_a_decision_is_kept(store: Store, study: StudyFolder) -> None:
    first = decide(store, study, "anna", accept(study))
    reject = replace(accept(study, first.seq), kind="reject", reasons=("artefact",))
    second = decide(store, study, "ben", reject)
    with store.read() as db:
        assert [entry["kind"] for entry in history(db, NAME)] == ["reject", "accept"]
        assert where_it_stands(db, NAME)["state"] == "rejected"
        assert where_it_stands(db, NAME)["version"] == second.seq


def test_a_comment_leaves_the_state_as_it_was(store: Store, study: StudyFolder) -> None:
    first = decide(store, study, "anna", accept(study))
    decide(store, study, "ben", replace(accept(study, first.seq, "why?"), kind="comment"))
    with store.read() as db:
        assert where_it_stands(db, NAME)["state"] == "accepted"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "reject"}, "needs a reason"),
        ({"kind": "comment"}, "few words"),
        ({"kind": "second_opinion"}, "few words"),
        ({"reasons": ("invented",)}, "no reason"),
        ({"kind": "edit"}, "edit"),
        ({"changes": {"age_years": 40}}, "edit"),
        ({"kind": "delete"}, "no such decision"),
    ],
)
def test_a_decision_that_lacks_something_is_refused(
    results: Path, study: StudyFolder, change: dict[str, object], told: str
) -> None:
    opened = open_store(f"sqlite:///{results / 'store.sqlite'}")
    with pytest.raises(InputError, match=told):
        decide(opened, study, "anna", replace(accept(study), **change))
    opened.close()


def test_a_result_that_was_made_again_has_to_be_looked_at_again(
    store: Store, study: StudyFolder
) -> None:
    before = accept(study)
    findings = study.path("findings")
    assert findings is not None
    findings.write_text(findings.read_text() + " ")
    with pytest.raises(ConflictError, match="run again"):
        decide(store, study, "anna", before)


def test_tampering_is_told(results: Path, study: StudyFolder) -> None:
    path = results / "store.sqlite"
    opened = open_store(f"sqlite:///{path}")
    decide(opened, study, "anna", accept(study))
    with opened.write() as db:
        append(db, "ben", "edit", NAME, {"kept": {"mask": put_document(db, b"mask", "x")}})
        head = append(db, "ben", "comment", NAME, {}).hash
    for change, told in (
        ("UPDATE record SET actor = 'eve' WHERE seq = 1", "entry 1 was changed"),
        ("UPDATE record SET content = '{' WHERE seq = 1", "entry 1 was changed"),
        ("UPDATE document SET content = 'other'", "document .* was changed"),
        ("DELETE FROM document", "not there"),
        ("DELETE FROM record WHERE seq = 2", "entry 2 is missing"),
        ("DELETE FROM record WHERE seq = 3", "cut off"),
        ("UPDATE standing SET version = 3", "not in the record|did not|left it"),
    ):
        with tampered(path, change) as other, other.read() as db:
            assert any_match(told, verify(db, head).faults), change
    opened.close()


def test_after_kill_9_everything_that_was_confirmed_is_there(tmp_path: Path, results: Path) -> None:
    url = f"sqlite:///{tmp_path / 'killed.sqlite'}"
    open_store(url).close()
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        confirmed = [int(child.stdout.readline()) for _ in range(4)]
        child.send_signal(signal.SIGKILL)
        confirmed += [int(line) for line in child.stdout.read().split()]
        child.wait()
        opened = open_store(url)
        with opened.read() as db:
            assert set(confirmed) <= {entry.seq for entry in entries(db)}
            assert verify(db).faults == ()
        opened.close()


WRITER = """
import sys
from presight.review.store import open_store
from presight.review.record import append, put_document
store = open_store(sys.argv[1])
for i in range(100000):
    with store.write() as db:
        kept = put_document(db, bytes(50000) + str(i).encode(), "x")
        seq = append(db, "anna", "edit", "sub-1", {"kept": {"mask": kept}}).seq
    print(seq, flush=True)
"""


def test_a_full_disk_is_said_and_loses_nothing(results: Path, study: StudyFolder) -> None:
    with small_disk() as disk:
        opened = open_store(f"sqlite:///{disk / 'store.sqlite'}")
        version = decide(opened, study, "anna", accept(study)).seq
        with pytest.raises(OutputError, match="disk of the store is full"):
            write_until_it_fails(opened)
        with opened.read() as db:
            whole = verify(db)
            assert whole.faults == ()
            assert whole.entries > 1
            assert where_it_stands(db, NAME)["version"] == version
        opened.close()


def test_a_store_that_cannot_be_opened_is_said_without_its_password() -> None:
    with pytest.raises(ConfigError) as caught:
        open_store("postgresql+pg8000://desk:s3cret@127.0.0.1:9/none")
    assert "s3cret" not in str(caught.value)


def write_until_it_fails(store: Store) -> None:
    for i in range(500):
        with store.write() as db:
            append(db, "anna", "comment", NAME, {"text": f"{i}" * 4000})


@contextmanager
def small_disk() -> Iterator[Path]:
    """A disk of 1 MiB."""

    with tempfile.TemporaryDirectory() as name:
        size = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", name]
        if os.geteuid() != 0 or subprocess.run(size, check=False, capture_output=True).returncode:
            pytest.skip("needs to be allowed to mount a small disk")
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", name], check=True)


@contextmanager
def tampered(path: Path, change: str) -> Iterator[Store]:
    """A copy of a store in which somebody with the file in hand changed something."""

    copy = path.with_name("copy.sqlite")
    with sqlite3.connect(path) as source:
        source.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(path, copy)
    with sqlite3.connect(copy) as db:
        for (name,) in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute(change)
    opened = open_store(f"sqlite:///{copy}")
    yield opened
    opened.close()
    copy.unlink()


def any_match(pattern: str, texts: tuple[str, ...]) -> bool:

    return any(re.search(pattern, text) for text in texts)


def at_once(acts: list[Callable[[], object]]) -> list[object]:
    """Do several things at the same moment; give what each returned or raised."""
    outcomes: list[object] = []
    start = threading.Barrier(len(acts))

    def do(act: Callable[[], object]) -> None:
        start.wait()
        try:
            outcomes.append(act())
        except Exception as error:
            outcomes.append(error)

    threads = [threading.Thread(target=do, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_the_standing_of_a_study_follows_from_the_record(store: Store, study: StudyFolder) -> None:
    decide(store, study, "anna", accept(study))
    with store.write() as db:
        db.execute(standing.update().values(version=7))
    with store.read() as db:
        assert verify(db).faults
        assert db.execute(sql.select(sql.func.count()).select_from(record)).scalar_one() == 1
