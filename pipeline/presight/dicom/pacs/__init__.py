"""Beside a PACS: follow a DICOMweb server, take what matches, give the results back."""
