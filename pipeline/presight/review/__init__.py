"""The clinician's desk: worklist, viewer, and a record of decisions that nothing overwrites."""
