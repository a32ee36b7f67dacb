"""Stage 5: the page, the tables and the BIDS derivatives of a study."""
