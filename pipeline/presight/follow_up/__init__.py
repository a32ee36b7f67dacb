"""Two or more scans of one head: what became of the lesions."""
