"""What a person has written down once for all commands: the config file.

`$XDG_CONFIG_HOME/kubectl-stress/config.yaml`, else below `~/.config` (XDG Base Directory).
A flag stands above the environment, and that above the file.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.errors import UsageError
from kubectl_stress.text import why_unreadable

if TYPE_CHECKING:
    from pathlib import Path

# The file's keys, in the words of Kubernetes' own manifests, and the options that they set.
_OPTIONS = {"image": "image", "imagePullPolicy": "image_pull_policy", "timeout": "timeout"}


def settings_path(environ: Mapping[str, str]) -> "Path":
    """Where the file is looked for."""
    from pathlib import Path  # not for Tab, which reads no file

    home = environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "/"), ".config")
    return Path(home, "kubectl-stress", "config.yaml")


def read_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Values by the names of options, none where there is no file; UsageError for a wrong one."""
    path = settings_path(environ)
    try:
        path.stat()
    except OSError:
        return {}  # not there, or in a folder that this user may not enter
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {why_unreadable(error)}") from error
    return {_option(path, key): _text(path, key, value) for key, value in _parsed(path, text)}


def _parsed(path: "Path", text: str) -> list[tuple[Any, Any]]:
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: invalid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict | None):
        raise UsageError(f"{path}: must hold settings, like image: REGISTRY/agent:TAG")
    return list((found or {}).items())


def _option(path: "Path", key: Any) -> str:
    if key not in _OPTIONS:
        raise UsageError(f'{path}: unknown setting "{key}" (valid: {", ".join(_OPTIONS)})')
    return _OPTIONS[key]


def _text(path: "Path", key: Any, value: Any) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{path}: {key} must be a string")
    return value


class SettingOption(click.Option):
    """An option whose default may stand in the config file, which is read when a command runs.

    Help and completion do not run one: a mistake in the file does not keep them away.
    """

    def get_default(self, ctx: click.Context, call: bool = True) -> Any:
        """The file's value, else the option's own default."""
        if call and not ctx.resilient_parsing:
            known = ctx.meta.get(__name__)
            settings = read_settings(os.environ) if known is None else known
            ctx.meta[__name__] = settings
            if self.name in settings:
                return settings[self.name]
        return super().get_default(ctx, call=call)
