"""presight: FLAIR white-matter hyperintensity, PRES against toxic leukoencephalopathy.

Research use only. Not a medical device.
"""

__version__ = "0.1.0"
