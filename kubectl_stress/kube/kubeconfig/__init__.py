"""Kubeconfig files, as kubectl reads and merges them."""
