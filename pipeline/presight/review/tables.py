"""Tables of the store. ``record`` and ``document`` only ever grow; the migrations see to that."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

setting = Table(
    "setting",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("value", Text, nullable=False),
)

account = Table(
    "account",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("role", String(20), nullable=False),
    Column("password", Text),  # argon2; none where the hospital's login stands for it
    Column("enabled", Boolean, nullable=False),
)

session = Table(
    "session",
    metadata,
    Column("token", String(64), primary_key=True),  # its sha256: the token itself is not kept
    Column("account", String(60), ForeignKey("account.name"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("begun", Float, nullable=False),
    Column("seen", Float, nullable=False),
)

failure = Table(
    "failure",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("who", String(64), nullable=False, index=True),  # sha256 of a name or an address
    Column("at", Float, nullable=False),
)

document = Table(
    "document",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("media", String(60), nullable=False),
    Column("content", LargeBinary, nullable=False),
)

record = Table(
    "record",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String(40), nullable=False),
    Column("actor", String(60), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("study", String(200), index=True),
    Column("content", Text, nullable=False),
    Column("previous", String(64), nullable=False, unique=True),
    Column("hash", String(64), nullable=False, unique=True),
)

standing = Table(  # where each study stands: follows from the record
    "standing",
    metadata,
    Column("study", String(200), primary_key=True),
    Column("version", Integer, nullable=False),  # seq of the last decision
    Column("state", String(20), nullable=False),
    Column("reviewer", String(60)),
    Column("at", String(40)),
)

presence = Table(
    "presence",
    metadata,
    Column("study", String(200), primary_key=True),
    Column("account", String(60), primary_key=True),
    Column("at", Float, nullable=False),
)

draft = Table(  # the outline that somebody is working on
    "draft",
    metadata,
    Column("study", String(200), primary_key=True),
    Column("account", String(60), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("at", String(40), nullable=False),
)

study = Table(  # what the worklist shows of the results folder: can be made again from it
    "study",
    metadata,
    Column("study", String(200), primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("folder", Text, nullable=False),
    Column("subject", String(200), nullable=False),
    Column("session", String(200), nullable=False),
    Column("label", String(40), nullable=False),
    Column("pres", Float, nullable=False),
    Column("toxic", Float, nullable=False),
    Column("urgent", Float, nullable=False),
    Column("alerts", Integer, nullable=False),
    Column("uncertainty", Float),
    Column("lesion_ml", Float),
    Column("doubts", Integer, nullable=False),
    Column("date", String(10), nullable=False),
    Column("stamp", String(60), nullable=False),  # size and time of the assessment
    Index("study_by_urgency", "alerts", "urgent", "uncertainty"),
)
