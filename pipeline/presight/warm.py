"""What a first study imports and reads where it is used, made ready beside the stages before."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from presight.config import load_config

# In the order of the stages. All this takes a second and more, which SimpleITK does without the
# interpreter: so nothing waits for it.
LIBRARIES = ("presight.segment.predict", "scipy.optimize", "pyarrow.parquet")
TABLES = ("evidence/features.yaml",)


def make_ready() -> None:
    """Import and read what later stages need; meant for a thread beside the first ones."""
    for name in LIBRARIES:
        if find_spec(name.partition(".")[0]):  # some are extras
            import_module(name)
    for name in TABLES:
        load_config(name)
