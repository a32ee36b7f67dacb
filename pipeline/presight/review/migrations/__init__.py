"""Every change of the store's tables, in order, run by Alembic."""
