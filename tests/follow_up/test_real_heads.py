"""Real scans of one head: the same one again, the next visits, and somebody else's."""

import numpy as np
import pytest

from presight.config import load_config
from presight.errors import InputError
from presight.follow_up import rigid
from presight.follow_up.align import align
from presight.follow_up.comparison import compare
from presight.follow_up.rescan import Rescan
from presight.follow_up.trend import trend

SETTINGS = load_config("follow_up.yaml")["align"]
MOVED = Rescan(turn_deg=(4, -5, 6), shift_mm=(5, -7, 9), slice_mm=3, noise=0.02, gain=1.7, seed=3)
