"""Images with known truth: heads, lesions and whole patients made from the reference anatomy."""
