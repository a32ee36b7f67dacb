"""DICOM in: files to series to volumes. DICOM out: segmentations, reports, the network."""
