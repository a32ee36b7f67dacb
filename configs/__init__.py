"""Settings, evidence tables and recipes: data, not code."""
