"""Kubeconfig files, written as JSON, which is YAML too. Pure: values in, text out."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping


def kubeconfig(server: str, authority: bytes, tokens: Mapping[str, str]) -> str:
    """Write a kubeconfig with one context for each user; the first one is current."""
    encoded = base64.b64encode(authority).decode()
    cluster = {"server": server, "certificate-authority-data": encoded}
    users = list(tokens)
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "kubectl-stress", "cluster": cluster}],
        "users": [{"name": user, "user": {"token": tokens[user]}} for user in users],
        "contexts": [
            {"name": user, "context": {"cluster": "kubectl-stress", "user": user}} for user in users
        ],
        "current-context": users[0],
    }
    return json.dumps(config, indent=1) + "\n"
