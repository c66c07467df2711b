"""What can go wrong with a cluster, as one tree.

ClusterError
  └ MissingPackages
"""

from __future__ import annotations


class ClusterError(Exception):
    """The cluster cannot do what was asked; the message says why and what helps."""


class MissingPackages(ClusterError):
    """The host lacks Debian packages and they may not be installed from here."""
