"""StressChaos manifests → experiments, and what they get wrong, with line numbers. Pure."""
