"""Images with known truth: heads, lesions and whole patients made from the reference anatomy.

- `synthetic_patient`, `write_patient`, `simulate_cohort`: patients for demonstrations and tests.
- `paint`: a lesion of known truth in a FLAIR, real or synthetic.
- `synthesise_head`, `degrade`: images for training, and the scanner's part alone.
"""

from presight.train.synthesis.dataset import simulate_cohort
from presight.train.synthesis.head import SyntheticHead, sharp_head, synthesise_head
from presight.train.synthesis.paint import draw_family, paint
from presight.train.synthesis.patient import SyntheticPatient, synthetic_patient, write_patient
from presight.train.synthesis.scanner import Scanner, degrade, draw_scanner

__all__ = [
    "Scanner",
    "SyntheticHead",
    "SyntheticPatient",
    "degrade",
    "draw_family",
    "draw_scanner",
    "paint",
    "sharp_head",
    "simulate_cohort",
    "synthesise_head",
    "synthetic_patient",
    "write_patient",
]
