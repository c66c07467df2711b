"""Shows or records progress while it happens: the only user of rich."""
