"""The temperature undoes what made the probabilities too sure."""

import numpy as np
import pytest

from presight.config import model_path
from presight.errors import ConfigError
from presight.segment import load_bundle
from presight.train.calibrate import best_temperature, fit_temperature


@pytest.mark.parametrize("sharpened", [0.6, 1.0, 2.5])
def test_the_temperature_undoes_a_sharpening(sharpened: float) -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(-1, 2, 40_000).astype(np.float32)
    truth = rng.random(honest.size) < 1 / (1 + np.exp(-honest))
    both = np.stack([honest, honest]) * np.float32(sharpened)
    assert best_temperature(both, truth) == pytest.approx(sharpened, rel=0.05)


def test_without_patients_there_is_no_temperature() -> None:
    with pytest.raises(ConfigError, match="no volume"):
        fit_temperature(load_bundle(model_path("flair_hyperintensity")), [], device="cpu")
