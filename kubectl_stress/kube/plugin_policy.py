"""Whether a credential plugin may run, and which program that is.

As client-go (plugin/pkg/client/auth/exec/exec.go at v0.37.2): the policy compares resolved paths,
and what was compared is what runs.
"""

import os
import shutil
from collections.abc import Mapping

from kubectl_stress.errors import Unauthorized
from kubectl_stress.kube.connection import ExecPlugin, PluginPolicy, PolicyKind


def allowed_program(plugin: ExecPlugin, policy: PluginPolicy, environ: Mapping[str, str]) -> str:
    """The path of the program to run; raises Unauthorized where the policy refuses it.

    The PATH is ours and never the one that the kubeconfig gives the plugin. A program that is not
    there is returned as it was named: starting it says why.
    """
    command = os.path.normpath(plugin.command)
    if policy.kind is PolicyKind.DENY_ALL:
        raise _refused(plugin, "credentialPluginPolicy is DenyAll")
    path = _look_path(command, environ)
    if policy.kind is PolicyKind.ALLOW_ALL:
        return path or plugin.command
    if path is None:
        raise _refused(plugin, "the program cannot be found, so the allowlist cannot allow it")
    if command in policy.allowlist or path in policy.allowlist:
        return path
    name = os.path.basename(path)  # noqa: PTH119 - Path would drop what is compared
    same = [entry for entry in policy.allowlist if os.path.basename(entry) == name]  # noqa: PTH119
    if path in [_look_path(entry, environ) for entry in same]:
        return path
    raise _refused(plugin, f"{path} is not in the credentialPluginAllowlist")


def _look_path(command: str, environ: Mapping[str, str]) -> str | None:
    """As Go's exec.LookPath: no program of the working directory by its bare name."""
    found = shutil.which(command, path=environ.get("PATH", ""))
    return found if found and (os.sep in command or found.startswith(os.sep)) else None


def _refused(plugin: ExecPlugin, why: str) -> Unauthorized:
    return Unauthorized(f"credential plugin {plugin.command} is not allowed by kuberc: {why}")
