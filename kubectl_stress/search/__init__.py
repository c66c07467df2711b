"""Which level a search tries next, and what its tries tell. Pure: no clock, no cluster."""
