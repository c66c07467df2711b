"""kuberc, kubectl's file of preferences: of it, which credential plugins may run.

The rules are those of kubectl (k8s.io/kubectl pkg/kuberc at v0.37.2, KEP-3104): `--kuberc`, else
`$KUBERC`, else `~/.kube/kuberc`; `KUBERC=off` and `KUBECTL_KUBERC=false` turn it off. The first
document that is a Preference counts. A file that was named must be readable; of the one in the home
folder kubectl only warns.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kubectl_stress.errors import StressError, UsageError
from kubectl_stress.kube.connection import PluginPolicy, PolicyKind
from kubectl_stress.kube.kubeconfig.files import home
from kubectl_stress.text import why_unreadable

_VERSION = "kubectl.config.k8s.io/v1beta1"
# Its Preference has no policy, and so allows every plugin.
_VERSION_WITHOUT_POLICY = "kubectl.config.k8s.io/v1alpha1"


def plugin_policy(kuberc: str | None, environ: Mapping[str, str]) -> PluginPolicy:
    """What the kuberc file allows; StressError where it cannot be used, as with kubectl."""
    place = _place(kuberc, environ)
    if place is None:
        return PluginPolicy()
    path, is_named = place
    try:
        preference = _preference(path)
    except FileNotFoundError as error:
        if not is_named:
            return PluginPolicy()
        raise StressError(f"kuberc: {path}: no such file") from error
    except (OSError, ValueError) as error:
        reason = why_unreadable(error)
        if is_named:
            raise StressError(f"kuberc {path} cannot be read: {reason}") from error
        return PluginPolicy(warning=f"no preferences loaded from {path}: {reason}")
    return _policy(path, preference)


def _place(kuberc: str | None, environ: Mapping[str, str]) -> tuple[Path, bool] | None:
    """The file, and whether somebody named it; None where kuberc is turned off."""
    if environ.get("KUBECTL_KUBERC", "").lower() == "false":
        return None
    named = environ.get("KUBERC", "")
    if named == "off":
        if kuberc:
            raise UsageError("--kuberc and KUBERC=off: use only one")
        return None
    if kuberc or named:
        return Path(kuberc or named), True
    return home(environ) / ".kube" / "kuberc", False


def _preference(path: Path) -> Mapping[str, Any]:
    documents = 0
    for document in _documents(path):
        documents += document is not None
        if isinstance(document, dict) and _is_preference(document):
            return document if document["apiVersion"] == _VERSION else {}
    if documents:
        raise ValueError("it holds no Preference of kubectl.config.k8s.io/v1beta1")
    return {}


def _documents(path: Path) -> Iterator[Any]:
    """Each document, and for one that is no YAML the text "": another may be one."""
    import yaml

    for text in re.split(r"(?m)^---.*$", path.read_text(encoding="utf-8")):
        try:
            yield yaml.safe_load(text)
        except yaml.YAMLError:
            yield ""


def _is_preference(document: Mapping[str, Any]) -> bool:
    """Whether kubectl can decode it: what it is, and values of the right types."""
    entries = document.get("credentialPluginAllowlist")
    return (
        document.get("kind") == "Preference"
        and document.get("apiVersion") in (_VERSION, _VERSION_WITHOUT_POLICY)
        and isinstance(document.get("credentialPluginPolicy", ""), str | None)
        and isinstance(entries, list | None)
        and all(_is_entry(entry) for entry in entries or ())
    )


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    name, command = entry.get("name") or "", entry.get("command") or ""
    if not isinstance(name, str) or not isinstance(command, str):
        return False
    return not (name and command) or name == command


def _policy(path: Path, preference: Mapping[str, Any]) -> PluginPolicy:
    word = preference.get("credentialPluginPolicy") or PolicyKind.ALLOW_ALL.value
    entries = preference.get("credentialPluginAllowlist")
    try:
        kind = PolicyKind(word)
    except ValueError as error:
        raise StressError(f'kuberc {path}: unknown credentialPluginPolicy "{word}"') from error
    if kind is not PolicyKind.ALLOWLIST:
        if entries is not None:
            raise StressError(f"kuberc {path}: {word} takes no credentialPluginAllowlist")
        return PluginPolicy(kind)
    if not entries:
        raise StressError(f"kuberc {path}: Allowlist needs a credentialPluginAllowlist")
    allowed = tuple(str(each.get("command") or each.get("name") or "") for each in entries)
    for command in allowed:
        if os.path.normpath(command) != command:
            raise StressError(f'kuberc {path}: "{command}" is not a plain path in the allowlist')
    return PluginPolicy(kind, allowed)
