"""Alembic asks here which database to change: the one whose connection the store passes on."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
