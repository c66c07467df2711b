"""Command-line options that several commands share, as decorators; parsing only."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from kubectl_stress.errors import UsageError
from kubectl_stress.image import DEFAULT_IMAGE
from kubectl_stress.quantity import parse_duration_ms
from kubectl_stress.render import FORMATS
from kubectl_stress.spec import HolderSpec, Join

_SHORT_WITH_EQUALS = re.compile(r"^(-[a-zA-Z])=")
Command = TypeVar("Command", bound=Callable[..., Any])

_FLAGS = (
    click.option("-n", "--namespace", metavar="NAME", help="Namespace of the target"),
    click.option("--context", metavar="NAME", help="Context of the kubeconfig to use"),
    click.option("--kubeconfig", metavar="FILE", help="Kubeconfig to use instead of KUBECONFIG"),
    click.option("--cluster", metavar="NAME", help="Cluster of the kubeconfig to use"),
    click.option("--user", metavar="NAME", help="User of the kubeconfig to use"),
    click.option("-s", "--server", metavar="URL", help="Address of the API server"),
    click.option("--token", metavar="TOKEN", help="Bearer token to use"),
    click.option("--as", "as_user", metavar="USER", help="User to impersonate"),
    click.option(
        "--as-group", "as_groups", metavar="GROUP", multiple=True, help="Group, repeatable"
    ),
    click.option("--as-uid", metavar="UID", help="UID to impersonate"),
    click.option("--request-timeout", metavar="TIME", help="Limit of one request, like 10s"),
    click.option("--insecure-skip-tls-verify", is_flag=True, help="Trust any server certificate"),
    click.option("--tls-server-name", metavar="NAME", help="Name to expect in the certificate"),
    click.option("--certificate-authority", metavar="FILE", help="CA of the API server"),
    click.option("--client-certificate", metavar="FILE", help="Client certificate"),
    click.option("--client-key", metavar="FILE", help="Key of the client certificate"),
)
_CONNECTION_NAMES = (
    "namespace", "context", "kubeconfig", "cluster", "user", "server", "token", "as_user",
    "as_groups", "as_uid", "request_timeout", "insecure_skip_tls_verify", "tls_server_name",
    "certificate_authority", "client_certificate", "client_key",
)  # fmt: skip


def as_click_reads(words: Sequence[str]) -> list[str]:
    """The words with `-o=json` as `-ojson`: pflag (kubectl) allows both, click the latter."""
    end = words.index("--") if "--" in words else len(words)
    known = [_SHORT_WITH_EQUALS.sub(r"\1", word) for word in words[:end]]
    return [*known, *words[end:]]


def _timeout_s(text: str | None) -> float | None:
    """kubectl takes whole seconds without a unit here, and 0 for no limit."""
    if text is None or text == "0":
        return None
    return float(text) if text.isdecimal() else parse_duration_ms(text) / 1000


def connection_options(command: Command) -> Command:
    """Add kubectl's connection flags; the command gets them as `flags: ConnectionFlags`."""

    @wraps(command)
    def with_flags(**values: Any) -> Any:
        from kubectl_stress.connection import ConnectionFlags

        given = {name: values.pop(name) for name in _CONNECTION_NAMES}
        given["as_groups"] = tuple(given["as_groups"])
        given["request_timeout"] = _timeout_s(given["request_timeout"])
        return command(flags=ConnectionFlags(**given), **values)

    decorated: Any = with_flags
    for option in reversed(_FLAGS):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


def output_options(command: Command) -> Command:
    """Add -o, -q and --color."""
    for option in reversed(
        (
            click.option(
                "-o",
                "--output",
                type=click.Choice(FORMATS),
                default="table",
                show_default=True,
                help="Format of the answer on stdout",
            ),
            click.option("-q", "--quiet", is_flag=True, help="Tell nothing on stderr but errors"),
            click.option(
                "--color",
                type=click.Choice(["auto", "always", "never"]),
                default="auto",
                show_default=True,
                help="Colour on the terminal; NO_COLOR is honoured",
            ),
        )
    ):
        command = option(command)
    return command


def wants_color(choice: str, environ: dict[str, str] | None = None) -> bool | None:
    """True or False where it was said, None to judge by the terminal.

    --color stands above NO_COLOR (https://no-color.org: any value that is not empty).
    """
    if choice != "auto":
        return choice == "always"
    values = os.environ if environ is None else environ
    return False if values.get("NO_COLOR") else None


class DurationType(click.ParamType[int]):
    """A duration such as 30s or 1m30s, as milliseconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Milliseconds; fails with the hint of the parser."""
        if isinstance(value, int):
            return value
        try:
            return parse_duration_ms(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


DURATION = DurationType()


class NewFileType(click.ParamType[str]):
    """A file that is to be made, and so must not exist yet."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The path as given; fails where something is there already."""
        if Path(value).exists():
            self.fail(f"{value} exists and is not overwritten: choose another name", param, ctx)
        return str(value)


NEW_FILE = NewFileType()


_HOLDER_OPTIONS = (
    click.option("-c", "--container", metavar="NAME", help="Target container"),
    click.option(
        "--wait",
        type=DURATION,
        default="0s",
        metavar="TIME",
        help="How long to wait for a target that does not run yet",
    ),
    click.option(
        "--image",
        metavar="IMAGE",
        default=DEFAULT_IMAGE,
        show_default=True,
        envvar="KUBECTL_STRESS_IMAGE",
        help="Image of the agent (also KUBECTL_STRESS_IMAGE)",
    ),
    click.option(
        "--image-pull-policy",
        type=click.Choice(["Always", "IfNotPresent", "Never"]),
        envvar="KUBECTL_STRESS_IMAGE_PULL_POLICY",
        help="When the kubelet pulls the image",
    ),
    click.option(
        "--linger",
        type=DURATION,
        default="10m",
        show_default=True,
        metavar="TIME",
        help="How long the ephemeral container waits for its next use",
    ),
    click.option(
        "--timeout",
        type=DURATION,
        default="60s",
        show_default=True,
        metavar="TIME",
        help="How long the ephemeral container may take to start",
    ),
)


def holder_options(command: Command) -> Command:
    """Add what every command with a holder takes; `holder_spec` makes the value of it."""
    for option in reversed(_HOLDER_OPTIONS):
        command = option(command)
    return command


def join_option(command: Command) -> Command:
    """Add --join, for commands that load something; `holder_spec` takes it in."""
    return click.option(
        "--join",
        type=click.Choice(["auto", *(join.value for join in Join)]),
        default="auto",
        show_default=True,
        help="Into which cgroup and how: auto is exec, and never goes beyond it; cgroup needs a "
        "privileged ephemeral container; pod is not the target's own cgroup",
    )(command)


def holder_spec(given: Mapping[str, Any]) -> HolderSpec:
    """How the agent is to be brought in, by the words that `holder_options` took."""
    return HolderSpec(
        image=given["image"],
        pull_policy=given["image_pull_policy"],
        linger_ms=given["linger"],
        start_timeout_ms=given["timeout"],
        join=_join(given.get("join", "auto")),
    )


def _join(text: str) -> Join:
    return Join.EXEC if text == "auto" else Join(text)
