"""The store: a SQLite file or a PostgreSQL database, brought up to date when it is opened."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from presight.errors import ConfigError, OutputError
from presight.review.tables import setting

_LOCK = 7_263_411  # any number: PostgreSQL's name for "somebody writes here"
_FULL = ("disk is full", "disk i/o error", "no space left", "could not extend file")


class Store:
    """Reads and writes, each in a transaction that happens as a whole or not at all.

    One writer at a time, on SQLite and on PostgreSQL alike, so that what a writer reads before it
    writes is still true when it has written.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Look at the store."""
        with self._engine.connect().execution_options(reads=True) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Change the store; nothing is changed if anything is raised.

        Raises
        ------
        OutputError
            The disk is full.
        """
        try:
            with self._engine.begin() as connection:
                if self._engine.dialect.name == "postgresql":
                    connection.execute(sql.select(sql.func.pg_advisory_xact_lock(_LOCK)))
                yield connection
        except DBAPIError as error:
            if any(words in str(error.orig).lower() for words in _FULL):
                raise OutputError(
                    "nothing was saved, because the disk of the store is full",
                    action="Free some space and save again",
                ) from error
            raise

    def secret(self) -> bytes:
        """Bytes that are drawn once for a store and never leave it."""
        with self.read() as db:
            return bytes.fromhex(db.execute(sql.select(setting.c.value)).scalar_one())

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()


def open_store(url: str) -> Store:
    """Open a store, make it if it is not there and bring its tables up to date.

    Parameters
    ----------
    url : str
        Address as SQLAlchemy writes it: ``sqlite:///FILE`` or
        ``postgresql+pg8000://USER@HOST/NAME``.

    Raises
    ------
    ConfigError
        There is no such database, or it cannot be written to.
    """
    try:
        engine = _engine(url)
        store = Store(engine)
        with store.write() as connection:
            command.upgrade(_migrations(connection), "head")
            _draw_secret(connection)
    except (ArgumentError, NoSuchModuleError, DBAPIError, OSError) as error:
        raise ConfigError(
            f"the store cannot be opened ({type(error).__name__})",
            where=_without_password(url),
            expected="sqlite:///FILE or postgresql+pg8000://USER@HOST/NAME, and leave to write",
        ) from error
    return store


def _engine(url: str) -> Engine:
    address = sql.make_url(url)
    if address.get_backend_name() != "sqlite":
        return sql.create_engine(address, pool_pre_ping=True)
    if address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sql.create_engine(address, connect_args={"timeout": 30})
    sql.event.listen(engine, "connect", _prepare_sqlite)
    sql.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy begins transactions, not the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get("reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _migrations(connection: Connection) -> Config:
    config = Config()
    config.set_main_option(
        "script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%")
    )
    config.attributes["connection"] = connection
    return config


def _draw_secret(connection: Connection) -> None:
    if connection.execute(sql.select(setting.c.value)).first() is None:
        connection.execute(setting.insert().values(name="secret", value=secrets.token_hex(32)))


def _without_password(url: str) -> str:
    try:
        return sql.make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "--store"
