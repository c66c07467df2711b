"""A real, small Kubernetes cluster on one Linux machine: no Docker, no root, nothing left behind.

The control plane runs on the host's loopback, each node in a QEMU machine of its own.
"""
