"""The only readers of pods, their owners and their status. Pure."""
