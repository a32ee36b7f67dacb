"""What a first study imports where it is used, imported beside the stages before."""

from __future__ import annotations

from importlib import import_module

# In the order of the stages. They take a second and more, in which SimpleITK registers the atlas.
LATER = ("presight.segment.predict", "scipy.optimize")


def import_later() -> None:
    """Import all of :data:`LATER`; meant for a thread beside the first stages."""
    for name in LATER:
        import_module(name)
