"""Kubeconfig files as tests write them: entries by name, and only what a test is about."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

Entries = Mapping[str, Mapping[str, Any] | None]


def write(
    path: Path,
    *,
    current: str | None = None,
    clusters: Entries | None = None,
    users: Entries | None = None,
    contexts: Entries | None = None,
) -> Path:
    """Write a kubeconfig file and say where."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": _named("cluster", clusters),
        "users": _named("user", users),
        "contexts": _named("context", contexts),
    }
    if current is not None:
        document["current-context"] = current
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document))
    return path


def write_one(
    path: Path, server: str, *, user: Mapping[str, Any] | None = None, **cluster: Any
) -> Path:
    """Write a kubeconfig file of one context; underscores in cluster fields are hyphens."""
    fields = {name.replace("_", "-"): value for name, value in cluster.items()}
    return write(
        path,
        current="here",
        clusters={"here": {"server": server, **fields}},
        users={"me": user or {}},
        contexts={"here": {"cluster": "here", "user": "me"}},
    )


def data(content: bytes) -> str:
    """What the fields that end in -data hold."""
    return base64.b64encode(content).decode()


def _named(kind: str, entries: Entries | None) -> list[dict[str, Any]]:
    return [{"name": name, kind: values} for name, values in (entries or {}).items()]
