"""Brings the agent into a pod and into a cgroup."""
