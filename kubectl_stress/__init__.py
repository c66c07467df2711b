"""Stress a running container in its own cgroup, and say what happened and why."""

__version__ = "0.2.0"
