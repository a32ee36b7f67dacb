"""Accounts, the record, and what follows from it."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_APPEND_ONLY = ("record", "document")


def upgrade() -> None:
    """Make every table, and make the database itself refuse to change what was recorded."""
    _make_accounts()
    _make_record()
    _make_work()
    _make_index()
    for table in _APPEND_ONLY:
        _forbid_changes(table)


def _make_accounts() -> None:
    op.create_table(
        "setting",
        sa.Column("name", sa.String(60), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "account",
        sa.Column("name", sa.String(60), primary_key=True),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("password", sa.Text),
        sa.Column("enabled", sa.Boolean, nullable=False),
    )
    op.create_table(
        "session",
        sa.Column("token", sa.String(64), primary_key=True),
        sa.Column("account", sa.String(60), sa.ForeignKey("account.name"), nullable=False),
        sa.Column("csrf", sa.String(64), nullable=False),
        sa.Column("begun", sa.Float, nullable=False),
        sa.Column("seen", sa.Float, nullable=False),
    )
    op.create_table(
        "failure",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("who", sa.String(64), nullable=False, index=True),
        sa.Column("at", sa.Float, nullable=False),
    )


def _make_record() -> None:
    op.create_table(
        "document",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("media", sa.String(60), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "record",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("actor", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("study", sa.String(200), index=True),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False, unique=True),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
    )
    op.create_table(
        "standing",
        sa.Column("study", sa.String(200), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reviewer", sa.String(60)),
        sa.Column("at", sa.String(40)),
    )


def _make_work() -> None:
    op.create_table(
        "presence",
        sa.Column("study", sa.String(200), primary_key=True),
        sa.Column("account", sa.String(60), primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
    )
    op.create_table(
        "draft",
        sa.Column("study", sa.String(200), primary_key=True),
        sa.Column("account", sa.String(60), primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
    )


def _make_index() -> None:
    op.create_table(
        "study",
        sa.Column("study", sa.String(200), primary_key=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("session", sa.String(200), nullable=False),
        sa.Column("label", sa.String(40), nullable=False),
        sa.Column("pres", sa.Float, nullable=False),
        sa.Column("toxic", sa.Float, nullable=False),
        sa.Column("urgent", sa.Float, nullable=False),
        sa.Column("alerts", sa.Integer, nullable=False),
        sa.Column("uncertainty", sa.Float),
        sa.Column("lesion_ml", sa.Float),
        sa.Column("doubts", sa.Integer, nullable=False),
        sa.Column("date", sa.String(10), nullable=False),
        sa.Column("stamp", sa.String(60), nullable=False),
    )
    op.create_index("study_by_urgency", "study", ["alerts", "urgent", "uncertainty"])


def _forbid_changes(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {table}_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{table} only grows'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_only_grows()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
        )
