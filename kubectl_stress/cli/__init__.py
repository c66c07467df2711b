"""Words in, exit code out: the only user of click. One file a verb."""
