"""What a first study imports and reads where it is used, made ready beside the stages before."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec

# In the order of the stages. All this takes a second and more, which SimpleITK does without the
# interpreter: so nothing waits for it.
LIBRARIES = ("presight.segment.predict", "scipy.optimize", "pyarrow.parquet", "pandas")
TABLES = ("evidence/features.yaml",)
_SHORT_S = 0.0005


@cache
def make_ready() -> None:
    """Import and read what later stages need, once; meant for a thread beside the first ones."""
    from presight.config import load_config  # noqa: PLC0415 (the command line begins with this)

    with importing():
        for name in TABLES:
            load_config(name)
        for name in LIBRARIES:
            if find_spec(name.partition(".")[0]):  # some are extras, and pyarrow asks for pandas
                import_module(name)


@contextmanager
def importing() -> Iterator[None]:
    """Import without looking for garbage, and without keeping other threads waiting.

    What is imported stays, so looking through it for garbage, over and over, finds nothing: that
    is a sixth of the time. A thread that computes beside asks for the interpreter again and again,
    and waits for it as long as Python lets it.
    """
    patience_s = sys.getswitchinterval()
    gc.disable()
    sys.setswitchinterval(_SHORT_S)
    try:
        yield
    finally:
        sys.setswitchinterval(patience_s)
        gc.freeze()
        gc.enable()
