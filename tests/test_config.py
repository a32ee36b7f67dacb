"""Settings: shipped as data, changed by name, never by accident."""

import pytest

from presight.config import load_config, overridden
from presight.errors import ConfigError


def test_a_changed_setting_holds_inside_the_context_only():
    shipped = load_config("preprocess.yaml")["bias"]["shrink"]
    with overridden({"preprocess": {"bias": {"shrink": 4}}}):
        assert load_config("preprocess.yaml")["bias"]["shrink"] == 4
        assert load_config("preprocess.yaml")["spacing_mm"] == 1.0
    assert load_config("preprocess.yaml")["bias"]["shrink"] == shipped


@pytest.mark.parametrize(
    "changes",
    [
        {"nowhere": {}},
        {"preprocess": {"no_such_setting": 1}},
        {"preprocess": {"bias": {"shrink": "four"}}},
        {"preprocess": {"bias": 4}},
    ],
)
def test_a_setting_that_does_not_exist_is_refused(changes):
    with pytest.raises(ConfigError), overridden(changes):
        pass
