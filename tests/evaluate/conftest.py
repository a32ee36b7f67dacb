"""Shared fixtures of the evaluation's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from known_truth import ball_volume

from presight.train.cache import write_volume


@pytest.fixture(scope="session")
def ball_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cache folder with two balls, one of a dataset of estimated spacing, and a head without."""
    folder = tmp_path_factory.mktemp("balls")
    for volume in (
        ball_volume("ms/P1"),
        ball_volume("lgg/HT_1", radius=12),
        ball_volume("lesion_free/7", radius=0),
    ):
        write_volume(volume, folder / f"{volume.id.replace('/', '__')}.npz")
    return folder
