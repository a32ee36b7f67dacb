"""The page of a cohort: figures, flagged scans, outliers, failures, calibration, methods."""
