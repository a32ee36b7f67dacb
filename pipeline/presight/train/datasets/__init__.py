"""Public datasets, one small class each, that turn a published folder layout into cases."""
