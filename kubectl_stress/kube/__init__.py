"""The only way to the API server: plain dicts in and out. Knows nothing of stress."""
