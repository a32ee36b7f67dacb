"""``python -m presight``."""

import sys

from presight.cli import main

sys.exit(main())
